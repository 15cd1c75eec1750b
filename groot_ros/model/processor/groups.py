"""One joint group's way from physical values to the model's numbers and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
# Statistics are kept in double precision, as the released processors do.
Bounds = NDArray[Any]


class Group(Protocol):
    """A joint group. Values have shape (..., dim), the model's numbers (..., width)."""

    @property
    def name(self) -> str:
        """Modality key of the group."""

    @property
    def dim(self) -> int:
        """Physical values in the group."""

    @property
    def width(self) -> int:
        """Columns of the group in the model's state or action."""

    def normalize(self, values: FloatArray) -> FloatArray:
        """Map physical values to the model's numbers."""

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Invert `normalize`."""


@dataclass(frozen=True, slots=True)
class GroupRange:
    """Maps [low, high] to [-1, 1]; a constant dimension becomes 0 and comes back as `low`.

    The minimum and maximum, or the percentiles, of N1.6 and N1.7.

    Attributes:
        low: Shape (dim,), or (action_horizon, dim) for a group of relative actions.
        high: As `low`.
        clip: Limit what the model reads to [-1, 1]; what it says is always limited.
    """

    name: str
    low: Bounds
    high: Bounds
    clip: bool = field(default=True, kw_only=True)

    @property
    def dim(self) -> int:
        """Joints in the group."""
        return int(self.low.shape[-1])

    @property
    def width(self) -> int:
        """As `dim`."""
        return self.dim

    def normalize(self, values: FloatArray) -> FloatArray:
        """Map physical values to [-1, 1]; a constant dimension becomes 0."""
        constant = np.isclose(self.high, self.low)
        scaled = to_unit(values, self.low, self.high, constant)
        scaled = np.where(constant, 0.0, scaled)
        return (np.clip(scaled, -1.0, 1.0) if self.clip else scaled).astype(np.float32)

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Invert `normalize`."""
        return from_unit(np.clip(values, -1.0, 1.0), self.low, self.high)


@dataclass(frozen=True, slots=True)
class GroupMeanStd:
    """Subtracts the mean and divides by the deviation; where that is 0, values pass unchanged.

    Attributes:
        clip: Limit what the model reads to [-1, 1] (actions of N1.6 and N1.7).
    """

    name: str
    mean: Bounds
    std: Bounds
    clip: bool = field(default=False, kw_only=True)

    @property
    def dim(self) -> int:
        """Values in the group."""
        return int(self.mean.shape[-1])

    @property
    def width(self) -> int:
        """As `dim`."""
        return self.dim

    def normalize(self, values: FloatArray) -> FloatArray:
        """Map to zero mean and unit deviation."""
        constant = self.std == 0.0
        scaled = (values - self.mean) / np.where(constant, 1.0, self.std)
        scaled = np.where(constant, values, scaled)
        return (np.clip(scaled, -1.0, 1.0) if self.clip else scaled).astype(np.float32)

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Invert `normalize`, never limited."""
        constant = self.std == 0.0
        return np.where(constant, values, values * self.std + self.mean).astype(np.float32)


@dataclass(frozen=True, slots=True)
class GroupAngles:
    """Angles [rad] as all their sines, then all their cosines; for the state alone."""

    name: str
    dim: int

    @property
    def width(self) -> int:
        """Twice `dim`."""
        return 2 * self.dim

    def normalize(self, values: FloatArray) -> FloatArray:
        """Return sines and cosines."""
        return np.concatenate([np.sin(values), np.cos(values)], axis=-1).astype(np.float32)

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Invert `normalize`, to (-pi, pi]."""
        sines, cosines = values[..., :self.dim], values[..., self.dim:]
        return np.arctan2(sines, cosines).astype(np.float32)


def to_unit(values: FloatArray, low: Bounds, high: Bounds,
            constant: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Map [low, high] to [-1, 1] where that is not `constant`."""
    return 2.0 * (values - low) / np.where(constant, 1.0, high - low) - 1.0


def from_unit(values: FloatArray, low: Bounds, high: Bounds) -> FloatArray:
    """Map [-1, 1] to [low, high]."""
    return ((values + 1.0) / 2.0 * (high - low) + low).astype(np.float32)
