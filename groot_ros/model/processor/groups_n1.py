"""Joint groups as the data configurations of N1 and N1.5 scale them.

Source: Isaac-GR00T n1.5, gr00t/data/transform/state_action.py. None limits what the model says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groot_ros.model.processor.groups import Bounds, FloatArray, Group, from_unit, to_unit
from groot_ros.model.processor.rotations import from_matrix, rotation_size, to_matrix


@dataclass(frozen=True, slots=True)
class GroupMinMax:
    """`min_max` of N1 and N1.5: as `GroupRange`, but never limited."""

    name: str
    low: Bounds
    high: Bounds

    @property
    def dim(self) -> int:
        """Values in the group."""
        return int(self.low.shape[-1])

    @property
    def width(self) -> int:
        """As `dim`."""
        return self.dim

    def normalize(self, values: FloatArray) -> FloatArray:
        """Map [low, high] to [-1, 1]; a constant dimension becomes 0."""
        constant = self.low == self.high
        scaled = to_unit(values, self.low, self.high, constant)
        return np.where(constant, 0.0, scaled).astype(np.float32)

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Invert `normalize`."""
        return from_unit(values, self.low, self.high)


@dataclass(frozen=True, slots=True)
class GroupPercentiles:
    """`q99` of N1 and N1.5: limited forwards only, a constant dimension passes as it is."""

    name: str
    low: Bounds
    high: Bounds

    @property
    def dim(self) -> int:
        """Values in the group."""
        return int(self.low.shape[-1])

    @property
    def width(self) -> int:
        """As `dim`."""
        return self.dim

    def normalize(self, values: FloatArray) -> FloatArray:
        """Map [low, high] to [-1, 1], limited."""
        constant = self.low == self.high
        scaled = np.where(constant, values, to_unit(values, self.low, self.high, constant))
        return np.clip(scaled, -1.0, 1.0).astype(np.float32)

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Invert `normalize`; a constant dimension comes back as `low`."""
        return from_unit(values, self.low, self.high)


@dataclass(frozen=True, slots=True)
class GroupSwitch:
    """`binary` of N1 and N1.5: 1 above one half, else 0, both ways."""

    name: str
    dim: int

    @property
    def width(self) -> int:
        """As `dim`."""
        return self.dim

    def normalize(self, values: FloatArray) -> FloatArray:
        """Return 0 or 1."""
        return (values > 0.5).astype(np.float32)

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Return 0 or 1."""
        return self.normalize(values)


@dataclass(frozen=True, slots=True)
class GroupScale:
    """`scale` of N1 and N1.5: divides by the largest magnitude; where that is 0, gives 0."""

    name: str
    magnitude: Bounds

    @property
    def dim(self) -> int:
        """Values in the group."""
        return int(self.magnitude.shape[-1])

    @property
    def width(self) -> int:
        """As `dim`."""
        return self.dim

    def normalize(self, values: FloatArray) -> FloatArray:
        """Map [-magnitude, magnitude] to [-1, 1]."""
        divisor = np.where(self.magnitude == 0.0, np.inf, self.magnitude)
        return (values / divisor).astype(np.float32)

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Invert `normalize`."""
        return (values * self.magnitude).astype(np.float32)


@dataclass(frozen=True, slots=True)
class GroupAsIs:
    """A group that the data configuration leaves as it is."""

    name: str
    dim: int

    @property
    def width(self) -> int:
        """As `dim`."""
        return self.dim

    def normalize(self, values: FloatArray) -> FloatArray:
        """Return the values."""
        return values.astype(np.float32)

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Return the values."""
        return values.astype(np.float32)


@dataclass(frozen=True, slots=True)
class GroupRotation:
    """A rotation in another representation before it is scaled (`target_rotations`).

    Attributes:
        inner: Scales the rotation in its target representation.
        source: Representation of the data: axis_angle, quaternion (w first), rotation_6d
            (two rows), matrix, or euler_angles_ and an order of r, p and y.
        target: Representation that the model reads.
    """

    inner: Group
    source: str
    target: str

    @property
    def name(self) -> str:
        """Modality key of the group."""
        return self.inner.name

    @property
    def dim(self) -> int:
        """Numbers of the source representation."""
        return rotation_size(self.source) or 0

    @property
    def width(self) -> int:
        """Numbers of the target representation."""
        return self.inner.width

    def normalize(self, values: FloatArray) -> FloatArray:
        """Convert, then scale."""
        matrix = to_matrix(values.astype(np.float64), self.source)
        return self.inner.normalize(from_matrix(matrix, self.target).astype(np.float32))

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Invert `normalize`."""
        matrix = to_matrix(self.inner.unnormalize(values).astype(np.float64), self.target)
        return from_matrix(matrix, self.source).astype(np.float32)
