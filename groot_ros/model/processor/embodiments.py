"""Which of the model's encoder and decoder slots belongs to an embodiment, and is it trained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from groot_ros.model.processor.errors import ProcessorError
from groot_ros.model.processor.sidecars import Section, find_embodiment_ids
from groot_ros.model.weight_headers import ELEMENT_BYTES, WeightEntry, has_weights, read_headers

# Slots of the released code, for checkpoints without an embodiment_id.json and for tags it lacks.
# Source: Isaac-GR00T n1-release, 16a6d6e (N1.5), 005e8a4 (N1.6), 1852a8c (N1.7).
RELEASED_SLOTS: dict[str, dict[str, int]] = {
    'n1': {'gr1': 24, 'new_embodiment': 31},
    'n1_5': {'oxe_droid': 17, 'gr1': 24, 'agibot_genie1': 26, 'new_embodiment': 31},
    'n1d6': {
        'oxe_google': 0, 'oxe_widowx': 1, 'libero_panda': 2, 'unitree_g1': 8,
        'new_embodiment': 10, 'robocasa_panda_omron': 13, 'oxe_droid': 16, 'gr1': 20,
        'behavior_r1_pro': 24},
    'n1d7': {
        'simpler_env_google': 0, 'simpler_env_widowx': 1, 'libero_sim': 2, 'new_embodiment': 10,
        'robocasa_panda_omron': 10, 'unitree_g1_sonic': 11,
        'oxe_droid_relative_eef_relative_joint': 24, 'real_g1_relative_eef_relative_joints': 25,
        'unitree_g1_full_body_with_waist_height_nav_cmd': 25,
        'real_r1_pro_sharpa_relative_eef': 26, 'real_r1_pro_sharpa_relative_eef_human': 26,
        'real_r1_pro_sharpa_relative_eef_maxinsights': 26,
        'real_r1_pro_sharpa_relative_eef_mecka': 26, 'xdof_relative_eef_relative_joint': 27,
        'xdof_relative_eef_relative_joint_subtask': 27}}
# Short names that N1.7's own command line takes.
SHORT_NAMES = {
    'libero_panda': 'libero_sim',
    'unitree_g1': 'unitree_g1_full_body_with_waist_height_nav_cmd',
    'xdof': 'xdof_relative_eef_relative_joint',
    'real_g1': 'real_g1_relative_eef_relative_joints',
    'real_r1_pro_sharpa': 'real_r1_pro_sharpa_relative_eef',
    'behavior_r1_pro': 'sim_behavior_r1_pro',
}
# Layers that hold one weight matrix and one bias per embodiment, and names of those biases.
SLOT_BIAS = re.compile(r'action_head\.(state_encoder|action_encoder|action_decoder)\.\w+\.b')


def release_of(name: str) -> str | None:
    """Return the key in RELEASED_SLOTS of a model_type or processor_class, None for others."""
    found = re.match(r'gr00t_?(n1_5|n1d6|n1d7|n1)', name.casefold())
    return found[1] if found else None


def listed_slots(checkpoint: Path, release: str | None) -> dict[str, int]:
    """Return the slots that embodiment_id.json lists, else those of the released table.

    Raises:
        ProcessorError: If embodiment_id.json is missing where no table replaces it, or is wrong.
    """
    file = find_embodiment_ids(checkpoint)
    if file is None:
        return read_slots(checkpoint, release)
    return {tag: slot for tag, slot in read_slots(checkpoint, release).items()
            if tag in Section.from_file(file).values}


def read_slots(checkpoint: Path, release: str | None) -> dict[str, int]:
    """Return the slot of each embodiment tag: embodiment_id.json wins over the released table.

    Raises:
        ProcessorError: If embodiment_id.json is missing where no table replaces it, or is wrong.
    """
    table = RELEASED_SLOTS.get(release or '', {})
    file = find_embodiment_ids(checkpoint)
    if file is None:
        if not table:
            Section.from_file(checkpoint / 'embodiment_id.json')
        return dict(table)
    section = Section.from_file(file)
    for tag, slot in section.values.items():
        if isinstance(slot, bool) or not isinstance(slot, int) or slot < 0:
            raise section.error(tag, f'expected the index of a slot, got {slot!r}')
    return {**table, **section.values}


def resolve_tag(tag: str, known: Mapping[str, object], where: Path) -> str:
    """Return the known tag that is meant: itself, in other case, or by N1.7's short name.

    Raises:
        ProcessorError: If there is none, listing the known ones.
    """
    by_case = {name.casefold(): name for name in known}
    for candidate in (tag.casefold(), SHORT_NAMES.get(tag.casefold(), '')):
        if candidate in by_case:
            return by_case[candidate] if tag not in known else tag
    raise ProcessorError(
        f'{where}: no embodiment {tag!r}; this checkpoint was trained for '
        f'{", ".join(sorted(known)) or "none"}: set model.embodiment_tag of the embodiment file '
        'to one of them')


def is_trained(checkpoint: Path, slot: int) -> bool | None:
    """Return whether a slot was ever trained, None if the folder holds no weights to tell.

    A slot's biases start at exactly 0 and leave it with the first gradient; a slot without data
    gets none, so that all its biases stay 0. This sees a fine-tuned slot, which a table of the
    base model's slots does not.

    Raises:
        ProcessorError: If the model has no such slot.
        CheckpointError: If the weight files are cut off.
    """
    if not has_weights(checkpoint):
        return None
    biases = {name: entry for name, entry in read_headers(checkpoint).items()
              if SLOT_BIAS.fullmatch(name)}
    if not biases:
        return None
    for name, entry in biases.items():
        if slot >= entry.shape[0]:
            raise ProcessorError(
                f'{entry.file}: {name}: expected a slot below {entry.shape[0]}, got {slot}: '
                'take the embodiment_id.json that was saved with this checkpoint')
    return any(_has_value(entry, slot) for entry in biases.values())


def _has_value(entry: WeightEntry, slot: int) -> bool:
    size = ELEMENT_BYTES[entry.dtype]
    row = entry.parameters // entry.shape[0] * size
    with entry.file.open('rb') as stream:
        stream.seek(entry.start + slot * row)
        bits = np.frombuffer(stream.read(row), f'<u{size}')
    # All bits but the sign of a zero are 0, in every floating-point format.
    return bool((bits << np.array(1, bits.dtype)).any())
