"""ROS parameters as one frozen dataclass per node."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

T = TypeVar('T')


class ParameterError(ValueError):
    """A parameter value that the user has to correct."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a parameter's descriptor says beyond its default."""

    description: str
    bounds: tuple[float, float] | None
    choices: tuple[str, ...]
    live: bool


def param(
    default: Any,
    description: str,
    *,
    bounds: tuple[float, float] | None = None,
    choices: Sequence[str] = (),
    live: bool = False,
) -> Any:
    """Declare one field of a parameter dataclass.

    Args:
        default: Default value; its type is the parameter's type.
        description: What it is, with the unit in brackets.
        bounds: Smallest and largest value allowed, for numbers.
        choices: Allowed values, for strings; any when empty.
        live: Whether it may be set while the node runs.
    """
    facts = _Facts(description, bounds, tuple(choices), live)
    return field(default=default, metadata={'facts': facts})


def declare_parameters(node: Node, kind: type[T]) -> T:
    """Declare every field of `kind` on `node` and return the values given at start.

    Raises:
        ParameterError: If a value is not among the choices of its parameter.
    """
    values = {}
    for each in fields(kind):  # type: ignore[arg-type]
        facts: _Facts = each.metadata['facts']
        value = node.declare_parameter(
            each.name, each.default, _descriptor(facts, each.default)).value
        if problem := _problem(each.name, facts, value):
            raise ParameterError(problem)
        values[each.name] = value
    return kind(**values)


def follow_parameters(
    node: Node, values: T, apply: Callable[[T, frozenset[str]], None]
) -> None:
    """Check live parameters before they are set and call back after they were.

    rclpy itself refuses what is read-only, of another type or out of its range, and says so.

    Args:
        node: Where `values` were declared.
        values: The values given at start.
        apply: Takes all values, and the names of those that were set.
    """
    declared = fields(values)  # type: ignore[arg-type]
    known = {each.name: each.metadata['facts'] for each in declared}
    current = values

    def check(parameters: list[Parameter]) -> SetParametersResult:
        problems = [
            problem for each in parameters if each.name in known
            if (problem := _problem(each.name, known[each.name], each.value))]
        return SetParametersResult(successful=not problems, reason='; '.join(problems))

    def take(parameters: list[Parameter]) -> None:
        nonlocal current
        changes = {each.name: each.value for each in parameters if each.name in known}
        if changes:
            current = replace(current, **changes)  # type: ignore[type-var]
            apply(current, frozenset(changes))

    node.add_on_set_parameters_callback(check)
    node.add_post_set_parameters_callback(take)


def _problem(name: str, facts: _Facts, value: Any) -> str:
    """Return why a value cannot be taken, beyond what rclpy checks; empty if it can."""
    if facts.choices and value not in facts.choices:
        return f'parameter {name} is {value!r}, must be one of {", ".join(facts.choices)}'
    return ''


def _descriptor(facts: _Facts, default: Any) -> ParameterDescriptor:
    """Build the descriptor that `ros2 param describe` shows."""
    descriptor = ParameterDescriptor(description=facts.description, read_only=not facts.live)
    if facts.choices:
        descriptor.additional_constraints = 'one of ' + ', '.join(facts.choices)
    if facts.bounds is None:
        return descriptor
    low, high = facts.bounds
    if isinstance(default, int):
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
    else:
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high))]
    return descriptor
