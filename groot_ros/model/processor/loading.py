"""Read the processor of one embodiment from the files of a checkpoint."""

from __future__ import annotations

import re
from pathlib import Path

from groot_ros.model.processor.embodiments import is_trained, read_slots, release_of, resolve_tag
from groot_ros.model.processor.errors import UntrainedEmbodimentError
from groot_ros.model.processor.image_settings import image_spec
from groot_ros.model.processor.metadata import load_from_metadata
from groot_ros.model.processor.modalities import action_groups, state_groups
from groot_ros.model.processor.model_sizes import ModelSizes
from groot_ros.model.processor.processor import Processor
from groot_ros.model.processor.sidecars import (
    METADATA,
    PROCESSOR_CONFIG,
    STATISTICS,
    Section,
    find_processor_folder,
)
from groot_ros.model.processor.statistics import REMEDY


def load_processor(checkpoint: Path, embodiment_tag: str, *,
                   allow_untrained: bool = False) -> Processor:
    """Read the processor of one embodiment from a checkpoint folder.

    Args:
        checkpoint: Folder with the sidecar files of our own policies, N1.6 or N1.7 (here or in
            processor/), or with experiment_cfg/ of N1 or N1.5.
        embodiment_tag: As in the checkpoint, or a short name of N1.7, in any case.
        allow_untrained: Take an embodiment whose slot was never trained; its actions are noise.

    Raises:
        ProcessorError: If a file or the embodiment is missing, or the files disagree.
        UntrainedEmbodimentError: If the weights show that the slot was never trained.
    """
    folder = find_processor_folder(checkpoint)
    if folder is None and (checkpoint / METADATA).is_file():
        processor = load_from_metadata(checkpoint, embodiment_tag)
    else:
        processor = _load_from_config(checkpoint, folder or checkpoint, embodiment_tag)
    if not allow_untrained and is_trained(checkpoint, processor.embodiment_id) is False:
        raise UntrainedEmbodimentError(
            f'{checkpoint}: embodiment {processor.embodiment_tag!r} is slot '
            f'{processor.embodiment_id} of the model, which was never trained (its biases are '
            'all 0): its actions would be noise. Fine-tune it, choose another embodiment, or '
            'set allow_untrained to see for yourself')
    return processor


def _load_from_config(checkpoint: Path, folder: Path, embodiment_tag: str) -> Processor:
    config = Section.from_file(folder / PROCESSOR_CONFIG)
    settings = config.section('processor_kwargs')
    all_modalities = settings.section('modality_configs')
    tag = resolve_tag(embodiment_tag, all_modalities.values, config.file)
    slots = read_slots(checkpoint, release_of(str(config.values.get('processor_class', ''))))
    if tag not in slots:
        resolve_tag(tag, slots, checkpoint)
    modality = all_modalities.section(tag)
    statistics = Section.from_file(folder / STATISTICS, REMEDY).section(tag)
    state = state_groups(modality.section('state'), statistics, settings)
    action, references = action_groups(modality.section('action'), statistics, settings, state)
    horizon = len(modality.section('action').integers('delta_indices'))
    sizes = ModelSizes.read(checkpoint, settings, horizon)
    sizes.check(modality, state, action, horizon)
    video, language = modality.section('video'), modality.optional_section('language')
    own = 'image_crop' in settings.values
    return Processor(
        embodiment_tag=tag, embodiment_id=slots[tag],
        images=dict.fromkeys(video.names('modality_keys'), image_spec(settings)),
        state=state, action=action, action_horizon=horizon,
        action_period=_action_period(settings, video),
        max_state_dim=sizes.state, max_action_dim=sizes.action,
        formalize_language=settings.flag('formalize_language', True),
        references=references, max_action_horizon=sizes.horizon,
        exclude_state=settings.flag('exclude_state', False)
        or modality.section('state').flag('exclude_state', False),
        video_deltas=video.integers('delta_indices', (0,)),
        state_deltas=modality.section('state').integers('delta_indices', (0,)),
        language_key=next(iter(language.optional_names('modality_keys')), None),
        keep_spacing=not own)


def _action_period(settings: Section, video: Section) -> float | None:
    """Return the time between actions [s] where the checkpoint says it, else None.

    NVIDIA's own data sets carry their frame rate in the video keys: `..._freq20` is 20 Hz.
    """
    if 'action_period_s' in settings.values:
        return settings.number('action_period_s')
    rates = {int(rate) for key in video.names('modality_keys')
             for rate in re.findall(r'_freq(\d+)', key)}
    return 1.0 / rates.pop() if len(rates) == 1 else None
