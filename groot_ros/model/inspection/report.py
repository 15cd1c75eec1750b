"""Everything that can be said of a checkpoint without loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groot_ros.embodiment import Embodiment
from groot_ros.model.inspection.fit import FitRow, compare
from groot_ros.model.inspection.parts import Part, memory, parts_of
from groot_ros.model.processor import Processor, ProcessorError, load_processor
from groot_ros.model.processor.embodiments import is_trained, listed_slots, release_of
from groot_ros.model.processor.model_sizes import read_head
from groot_ros.model.processor.sidecars import (
    METADATA,
    PROCESSOR_CONFIG,
    Section,
    find_processor_folder,
)
from groot_ros.model.weight_headers import has_weights, read_headers

RELEASES = {'n1': 'GR00T N1', 'n1_5': 'GR00T N1.5', 'n1d6': 'GR00T N1.6', 'n1d7': 'GR00T N1.7'}
HEAD_KEYS = ('action_horizon', 'num_inference_timesteps', 'max_state_dim', 'max_action_dim',
             'max_num_embodiments')


@dataclass(frozen=True, slots=True)
class EmbodimentRow:
    """One embodiment of a checkpoint.

    Attributes:
        slot: Index of its encoders and decoder, None where no file names it.
        trained: None where the folder has no weights to tell.
        described: The checkpoint says how its state and actions are scaled.
    """

    tag: str
    slot: int | None
    trained: bool | None
    described: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a checkpoint is and whether it fits a robot.

    Attributes:
        dtypes: Tensors of each number format, as safetensors spells it.
        memory: Bytes of the weights in each node, by number format.
        head: Settings of the action head that users ask for, from config.json.
        processor: Of the chosen embodiment, None if none was chosen or it can't be read.
        joints: Joint names by group, from the robot's embodiment file.
        fit: Empty without a robot.
        problems: Why something above is missing.
    """

    folder: Path
    version: str
    model_type: str
    parts: tuple[Part, ...]
    dtypes: dict[str, int]
    memory: dict[str, dict[str, int]]
    head: dict[str, int]
    embodiments: tuple[EmbodimentRow, ...]
    processor: Processor | None
    joints: Mapping[str, tuple[str, ...]]
    fit: tuple[FitRow, ...]
    problems: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Return whether nothing speaks against running it."""
        return not self.problems and all(row.fits is not False for row in self.fit)


def inspect(checkpoint: Path, robot: Embodiment | None = None) -> Report:
    """Read the headers and sidecar files of a checkpoint folder.

    Args:
        checkpoint: Folder with a config.json.
        robot: To compare with; also says which of the embodiments is described in full.

    Raises:
        ProcessorError: If there is no config.json or it is not JSON.
        CheckpointError: If a weight file is cut off.
    """
    config = Section.from_file(checkpoint / 'config.json')
    model_type = str(config.values.get('model_type', 'groot_ros_small'))
    weights = read_headers(checkpoint) if has_weights(checkpoint) else {}
    parts = parts_of(weights)
    dtypes = [entry.dtype for entry in weights.values()]
    problems = [] if weights else [f'{checkpoint}: no safetensors weights']
    rows = _embodiments(checkpoint, model_type, problems)
    processor = _processor(checkpoint, rows, robot, problems)
    trained = None if processor is None else is_trained(checkpoint, processor.embodiment_id)
    head = read_head(checkpoint)
    return Report(
        folder=checkpoint, version=RELEASES.get(release_of(model_type) or '', 'groot_ros'),
        model_type=model_type, parts=parts, memory=memory(parts),
        dtypes={dtype: dtypes.count(dtype) for dtype in sorted(set(dtypes))},
        head={key: head.integer(key) for key in HEAD_KEYS if key in head.values},
        embodiments=rows, processor=processor, joints=robot.groups if robot else {},
        fit=compare(processor, trained, robot) if robot and processor else (),
        problems=tuple(problems))


def _embodiments(checkpoint: Path, model_type: str,
                 problems: list[str]) -> tuple[EmbodimentRow, ...]:
    """Return the embodiments that a sidecar file names, those that are described first."""
    try:
        described = _described(checkpoint)
        slots = listed_slots(checkpoint, release_of(model_type))
        trained = {slot: is_trained(checkpoint, slot) for slot in set(slots.values())}
    except ProcessorError as error:
        problems.append(str(error))
        return ()
    tags = [*described, *sorted(set(slots) - set(described))]
    return tuple(EmbodimentRow(tag, slots.get(tag), trained.get(slots.get(tag, -1)),
                               tag in described) for tag in tags)


def _described(checkpoint: Path) -> list[str]:
    folder = find_processor_folder(checkpoint)
    if folder is None and (checkpoint / METADATA).is_file():
        return list(Section.from_file(checkpoint / METADATA).values)
    config = Section.from_file((folder or checkpoint) / PROCESSOR_CONFIG)
    return list(config.section('processor_kwargs').section('modality_configs').values)


def _processor(checkpoint: Path, rows: tuple[EmbodimentRow, ...], robot: Embodiment | None,
               problems: list[str]) -> Processor | None:
    """Return the processor of the robot's embodiment, or of the only one there is."""
    described = [row.tag for row in rows if row.described]
    if robot is None and len(described) != 1:
        return None
    tag = robot.model.embodiment_tag if robot else described[0]
    try:
        return load_processor(checkpoint, tag, allow_untrained=True)
    except ProcessorError as error:
        if str(error) not in problems:
            problems.append(str(error))
        return None
