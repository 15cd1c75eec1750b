"""What a policy server needs of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from groot_ros.serving.actions import ActionGroups
from groot_ros.serving.modality import Modalities
from groot_ros.serving.observations import Observation


class ServedPolicy(Protocol):
    """A policy that answers one observation at a time.

    Attributes:
        modalities: What it takes and gives.
        state_dims: Joints of each state group, in the model's order.
    """

    modalities: Modalities
    state_dims: Mapping[str, int]

    def act(self, observation: Observation) -> ActionGroups:
        """Return targets in physical units by action group, shape (action_horizon, dim).

        Raises:
            ObservationError: If the observation cannot be used.
        """

    def reset(self) -> None:
        """Forget the episode."""
