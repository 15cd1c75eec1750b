"""Which part of the model each weight belongs to, and what it costs to hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from groot_ros.model.weight_headers import WeightEntry

# The planner computes these too: their result, the goal tokens, is what travels.
PLANNER_HEAD_PARTS = ('vlln', 'vl_self_attention')
PLANNER, CONTROLLER, UNUSED = 'planner', 'controller', 'not loaded'
BYTES = {'float32': 4, 'bfloat16': 2}


@dataclass(frozen=True, slots=True)
class Part:
    """Weights of one part of the model.

    Attributes:
        node: Which node holds it: planner (System 2), controller (System 1) or none.
        name: Prefix of the weights' names, or what they are.
        parameters: Numbers in it.
    """

    node: str
    name: str
    tensors: int
    parameters: int


def parts_of(weights: Mapping[str, WeightEntry]) -> tuple[Part, ...]:
    """Return the parts of a model, planner first, each in the order of the files."""
    entries: dict[tuple[str, str], list[WeightEntry]] = {}
    for name, entry in weights.items():
        entries.setdefault(_place(name), []).append(entry)
    parts = [Part(node, name, len(group), sum(entry.parameters for entry in group))
             for (node, name), group in entries.items()]
    return tuple(sorted(parts, key=lambda part: [PLANNER, CONTROLLER, UNUSED].index(part.node)))


def memory(parts: tuple[Part, ...]) -> dict[str, dict[str, int]]:
    """Return the bytes of the weights that each node holds, by node and number format."""
    held = {node: sum(part.parameters for part in parts if part.node == node)
            for node in (PLANNER, CONTROLLER)}
    return {node: {form: size * count for form, size in BYTES.items()}
            for node, count in held.items()}


def _place(name: str) -> tuple[str, str]:
    """Return the node and the part of a weight."""
    system, _, rest = name.partition('.')
    if system == 'action_head':
        part = rest.partition('.')[0]
        return (PLANNER if part in PLANNER_HEAD_PARTS else CONTROLLER), f'action_head.{part}'
    if system != 'backbone':
        return UNUSED, system
    if name.endswith('lm_head.weight'):
        return UNUSED, 'backbone lm_head'
    return PLANNER, _backbone_part(rest)


def _backbone_part(rest: str) -> str:
    steps = rest.split('.')
    for part, marks in (('vision', {'vision_model', 'visual'}), ('language', {'language_model'}),
                        ('connector', {'mlp1', 'linear', 'eagle_linear'})):
        if marks & set(steps[:3]):
            return f'backbone {part}'
    return f'backbone.{steps[0]}'
