"""Parameters of the planner."""

from dataclasses import dataclass

from groot_ros.model.policy import DTYPES, RUNTIMES
from groot_ros.nodes.checkpoints import ALLOW_UNTRAINED, CHECKPOINT
from groot_ros.nodes.goal_token_messages import DTYPES as TOKEN_DTYPES
from groot_ros.nodes.lifecycle import AUTOSTART
from groot_ros.nodes.parameters import param


@dataclass(frozen=True)
class PlannerParams:
    """Parameters of the planner."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    checkpoint: str = param('g1_tabletop', CHECKPOINT)
    allow_untrained: bool = param(False, ALLOW_UNTRAINED)
    tokenizer: str = param(
        '', 'A tokenizer.json, or its folder, for a released checkpoint without one; empty asks '
        'the Hugging Face hub.')
    runtime: str = param('auto', 'What computes System 2.', choices=RUNTIMES)
    dtype: str = param(
        'auto', 'Number format of the torch runtime; auto is bfloat16 for a released checkpoint '
        'on a GPU, else float32.', choices=DTYPES)
    threads: int = param(1, 'CPU threads of System 2.', bounds=(1, 64))
    planner_hz: float = param(10.0, 'Highest rate of goal tokens [Hz].', bounds=(0.1, 60.0))
    max_observation_age_s: float = param(
        0.5, 'Observations older than this are not planned on [s].', bounds=(0.01, 10.0))
    token_dtype: str = param(
        'float32', 'Number format of the goal tokens sent.', choices=tuple(TOKEN_DTYPES))
    instruction: str = param('', 'What to do; empty for nothing.', live=True)
    step_locked: bool = param(False, 'Encode every observation of a simulator that waits.')
    autostart: bool = param(True, AUTOSTART)
