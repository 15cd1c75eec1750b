"""Sizes that the model reserves for state and action, and whether an embodiment fits in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from groot_ros.model.processor.groups import Group
from groot_ros.model.processor.sidecars import Section
from groot_ros.model.processor.statistics import REMEDY


@dataclass(frozen=True, slots=True)
class ModelSizes:
    """What every embodiment's numbers are padded to.

    Attributes:
        state: Columns of the state.
        action: Columns of an action.
        horizon: Rows of a chunk.
    """

    state: int
    action: int
    horizon: int

    @classmethod
    def read(cls, checkpoint: Path, settings: Section, horizon: int) -> ModelSizes:
        """Read the sizes from the processor's settings and from config.json, which must agree.

        Args:
            checkpoint: Folder with the config.json; one that is not there is not compared.
            settings: `processor_kwargs`.
            horizon: Of the embodiment, for checkpoints that say nothing of the model's.

        Raises:
            ProcessorError: If neither names a size, or they differ.
        """
        head = read_head(checkpoint)
        return cls(_size('max_state_dim', settings, head), _size('max_action_dim', settings, head),
                   _horizon(settings, head, horizon))

    def check(self, modality: Section, state: Sequence[Group], action: Sequence[Group],
              horizon: int) -> None:
        """Check that the groups and the horizon of an embodiment fit in.

        Raises:
            ProcessorError: Naming the modality that is too large.
        """
        for name, groups, size in (('state', state, self.state), ('action', action, self.action)):
            needed = sum(group.width for group in groups)
            if needed > size:
                each = ', '.join(f'{group.name} {group.width}' for group in groups)
                raise modality.error(name, f'expected at most {size} columns, got {needed} '
                                     f'({each})', REMEDY)
        if horizon > self.horizon:
            raise modality.error(
                'action.delta_indices', f'expected at most {self.horizon} steps, which the model '
                f'predicts (action_horizon), got {horizon}',
                'fine-tune with a larger action_horizon or fewer steps')


def read_head(checkpoint: Path) -> Section:
    """Return the part of config.json that describes the action head, empty without the file.

    N1.6 and N1.7 keep its keys at the top, N1, N1.5 and our own policies in `action_head_cfg`.
    """
    file = checkpoint / 'config.json'
    if not file.is_file():
        return Section(file, '', {})
    config = Section.from_file(file)
    return config.section('action_head_cfg') if 'action_head_cfg' in config.values else config


def _size(key: str, settings: Section, head: Section) -> int:
    if key not in head.values:
        return settings.integer(key)
    size = head.integer(key)
    if settings.integer(key, size) != size:
        raise settings.error(key, f'expected {size}, as {head.file} says, got '
                             f'{settings.integer(key)}')
    return size


def _horizon(settings: Section, head: Section, horizon: int) -> int:
    if 'action_horizon' in head.values:
        return head.integer('action_horizon')
    return settings.integer('max_action_horizon', horizon)
