"""A checkpoint as a policy that a server can serve: System 2 and System 1 one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.finding import find_checkpoint
from groot_ros.model.policy import System1, System2, load_system1, load_system2
from groot_ros.model.processor import ImageSpec, Processor
from groot_ros.observation.images import ImageError, prepare_image
from groot_ros.serving.actions import ActionGroups
from groot_ros.serving.errors import ObservationError, ServingError
from groot_ros.serving.modality import Modalities, ModalityConfig
from groot_ros.serving.observations import Observation

DEFAULT_LANGUAGE_KEY = 'annotation.human.task_description'


class CheckpointPolicy:
    """Serves one embodiment of a checkpoint."""

    def __init__(self, system2: System2, system1: System1, seed: int = 0) -> None:
        """Take two systems of the same checkpoint.

        Args:
            system2: Images and words to goal tokens.
            system1: Goal tokens and state to actions.
            seed: Of the noise that denoising starts from; every `reset` begins with it again.

        Raises:
            ServingError: If the model sees several time steps, which the runtimes do not take.
        """
        self._system2 = system2
        self._system1 = system1
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self.modalities = modalities_of(system1.processor)
        self.state_dims: Mapping[str, int] = system1.processor.state_groups
        for name in ('video', 'state'):
            steps = getattr(self.modalities, name).delta_indices
            if len(steps) != 1:
                raise ServingError(f'{name}.delta_indices is {list(steps)}: expected one time '
                                   'step, this server gives the model no history yet')

    def act(self, observation: Observation) -> ActionGroups:
        """Return targets in physical units by action group; see `ServedPolicy.act`."""
        processor = self._system1.processor
        images = {key: _prepare(observation.images[key][-1], spec, key)
                  for key, spec in processor.images.items()}
        state = np.concatenate([observation.state[group][-1] for group in processor.state_groups])
        try:
            tokens = self._system2.encode(images, observation.instruction)
        except ValueError as error:  # an instruction without words
            raise ObservationError(str(error)) from None
        actions = self._system1.solve(
            self._system1.prepare(tokens), state, self._system1.draw_noise(self._rng))
        ends = np.cumsum(list(processor.action_groups.values()))
        return dict(zip(processor.action_groups,
                        np.split(actions, ends[:-1], axis=-1), strict=True))

    def reset(self) -> None:
        """Begin the noise anew, so that an episode can be repeated."""
        self._rng = np.random.default_rng(self._seed)


def load_policy(checkpoint: str, embodiment_tag: str, *, runtime: str = 'auto',
                dtype: str = 'auto', threads: int = 1, allow_untrained: bool = False,
                tokenizer: Path | None = None, seed: int = 0) -> CheckpointPolicy:
    """Load both systems of a checkpoint.

    Args:
        checkpoint: Folder, name of a shipped policy, or owner/name on the Hugging Face hub.
        embodiment_tag: As in `load_system2`, like all that follows but the seed.
        runtime: What computes.
        dtype: Number format of the torch runtime.
        threads: CPU threads.
        allow_untrained: Take an embodiment whose slot was never trained.
        tokenizer: A tokenizer.json, or its folder.
        seed: Of the noise that denoising starts from.

    Raises:
        ServingError: If the model sees several time steps.
        ValueError: If the checkpoint is not there or damaged, or has no such embodiment or
            runtime.
    """
    folder = find_checkpoint(checkpoint)
    system2 = load_system2(folder, embodiment_tag, runtime, threads, dtype=dtype,
                           allow_untrained=allow_untrained, tokenizer=tokenizer)
    system1 = load_system1(folder, embodiment_tag, runtime, threads, dtype=dtype,
                           allow_untrained=allow_untrained)
    return CheckpointPolicy(system2, system1, seed)


def modalities_of(processor: Processor) -> Modalities:
    """Return what a checkpoint takes and gives, in the words of the protocol."""
    return Modalities(
        video=ModalityConfig(processor.video_deltas, tuple(processor.images)),
        state=ModalityConfig(processor.state_deltas, tuple(processor.state_groups)),
        action=ModalityConfig(tuple(range(processor.action_horizon)),
                              tuple(processor.action_groups)),
        language=ModalityConfig((0,), (processor.language_key or DEFAULT_LANGUAGE_KEY,)))


def _prepare(image: NDArray[np.uint8], spec: ImageSpec, key: str) -> NDArray[np.uint8]:
    try:
        return prepare_image(image, spec)
    except ImageError as error:
        raise ObservationError(f'video.{key}: {error}') from None
