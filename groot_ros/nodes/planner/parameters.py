"""Parameters of the planner, and the model they name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from groot_ros.embodiment import Embodiment
from groot_ros.model.finding import find_checkpoint
from groot_ros.model.policy import DTYPES, RUNTIMES, System2
from groot_ros.nodes.controller.remote_parameters import BACKEND
from groot_ros.nodes.messages.goal_tokens import DTYPES as TOKEN_DTYPES
from groot_ros.nodes.shared.checkpoints import ALLOW_UNTRAINED, CHECKPOINT, check_fit
from groot_ros.nodes.shared.lifecycle import AUTOSTART
from groot_ros.nodes.shared.parameters import param


@dataclass(frozen=True)
class PlannerParams:
    """Parameters of the planner."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    checkpoint: str = param('g1_tabletop', CHECKPOINT)
    allow_untrained: bool = param(False, ALLOW_UNTRAINED)
    backend: str = param('', BACKEND)
    tokenizer: str = param(
        '', 'A tokenizer.json, or its folder, for a released checkpoint without one; empty asks '
        'the Hugging Face hub.')
    runtime: str = param('auto', 'What computes System 2.', choices=RUNTIMES)
    dtype: str = param(
        'auto', 'Number format of the torch runtime; auto is bfloat16 for a released checkpoint '
        'on a GPU, else float32.', choices=DTYPES)
    threads: int = param(1, 'CPU threads of System 2.', bounds=(1, 64))
    planner_hz: float = param(
        10.0, 'Highest rate of goal tokens [Hz].', bounds=(0.1, 60.0), live=True)
    max_observation_age_s: float = param(
        0.5, 'Observations older than this are not planned on [s].', bounds=(0.01, 10.0),
        live=True)
    token_dtype: str = param(
        'float32', 'Number format of the goal tokens sent.', choices=tuple(TOKEN_DTYPES),
        live=True)
    instruction: str = param(
        '', 'What to do; empty for nothing. What came by topic, service or action since is not '
        'shown here.', live=True)
    step_locked: bool = param(False, 'Encode every observation of a simulator that waits.')
    autostart: bool = param(True, AUTOSTART)


def open_system2(
    params: PlannerParams, embodiment: Embodiment, load: Callable[..., System2]
) -> System2 | None:
    """Return the model for a robot, None where a policy server plans.

    Args:
        params: Of the planner.
        embodiment: The robot.
        load: Loads System 2 from a checkpoint folder.

    Raises:
        OSError: If the checkpoint or a part of it is not there.
        ValueError: If it is not one for this robot.
    """
    if params.backend:
        return None
    system2 = load(
        find_checkpoint(params.checkpoint), embodiment.model.embodiment_tag, params.runtime,
        params.threads, dtype=params.dtype, allow_untrained=params.allow_untrained,
        tokenizer=Path(params.tokenizer) if params.tokenizer else None)
    check_fit(system2.processor, embodiment)
    return system2
