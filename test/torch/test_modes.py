"""The ways of running System 1's denoising loop, as the controller loads them."""

import numpy as np
import pytest
import torch
from released_configs import small_config
from skeletons import TRAINED, write_skeleton

from groot_ros.model.checkpoint import load_system1_head
from groot_ros.model.policy import Continuation, GoalTokens, RuntimeChoiceError, load_system1
from groot_ros.model.system1.loops import fixed_loop, pad_context

MOST_TOKENS = 12
STATE = np.linspace(-0.5, 0.5, 17, dtype=np.float32)
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason='CUDA graphs need a GPU')
MODES = ['compile', pytest.param('graph', marks=needs_gpu)]


@pytest.fixture(scope='module', params=['n1_5', 'n1_7'])  # attention without and with masks
def skeleton(request, tmp_path_factory):
    version = request.param
    values = small_config(version)
    head = values.get('action_head_cfg', values)
    head['diffusion_model_cfg']['num_layers'] = 2  # compiling takes its time
    folder = write_skeleton(tmp_path_factory.mktemp(version) / version, version, backbone=False,
                            changes=values)
    return folder, TRAINED[version][0]


def load(skeleton, mode, **options):
    folder, tag = skeleton
    return load_system1(folder, tag, 'torch', mode=mode, max_goal_tokens=MOST_TOKENS, **options)


def tokens_of(number):
    rng = np.random.default_rng(number)
    image = np.arange(number) >= 2
    return GoalTokens(rng.standard_normal((number, 32), np.float32), np.ones(number, bool), image)


def solve(system1, number, continuation=None):
    noise = system1.draw_noise(np.random.default_rng(number))
    return system1.solve(system1.prepare(tokens_of(number)), STATE, noise, continuation)


@pytest.mark.parametrize('mode', MODES)
def test_a_mode_gives_the_actions_of_eager_and_is_ready_when_it_is_loaded(skeleton, mode):
    eager, ready = load(skeleton, 'eager'), load(skeleton, mode)
    motion = Continuation(solve(eager, 5)[2:6], frozen=2)
    with torch.compiler.set_stance('fail_on_recompile'):
        for number in (MOST_TOKENS, 5, 7):
            np.testing.assert_allclose(
                solve(ready, number), solve(eager, number), atol=1e-5, rtol=1e-4)
        np.testing.assert_allclose(
            solve(ready, 7, motion), solve(eager, 7, motion), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('skeleton', ['n1_7'], indirect=True)
@pytest.mark.parametrize('mode', MODES)
def test_more_goal_tokens_than_there_is_room_for_are_refused(skeleton, mode):
    with pytest.raises(ValueError, match='at most 12 goal tokens.*, got 13: raise it'):
        solve(load(skeleton, mode), MOST_TOKENS + 1)


def test_padding_goal_tokens_changes_nothing(skeleton):
    system1 = load(skeleton, 'eager')
    expected = solve(system1, 5)
    system1._head.model.is_masked = True
    context = pad_context(system1.prepare(tokens_of(5)), MOST_TOKENS)
    noise = system1.draw_noise(np.random.default_rng(5))
    np.testing.assert_allclose(
        system1.solve(context, STATE, noise), expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize('skeleton', ['n1_7'], indirect=True)
def test_a_loop_with_other_actions_is_refused(skeleton):
    head = load_system1_head(skeleton[0], torch.float32, torch.device('cpu'))
    head.train()  # dropout: no two runs are the same
    with torch.no_grad(), pytest.raises(RuntimeChoiceError, match='expected the actions of mode'):
        fixed_loop(head, torch.zeros(1, dtype=torch.long), 'compile', MOST_TOKENS)


@pytest.mark.skipif(torch.cuda.is_available(), reason='refused only without a GPU')
def test_a_graph_needs_a_gpu(skeleton):
    with pytest.raises(RuntimeChoiceError, match='mode graph: expected a CUDA GPU, got a CPU'):
        load(skeleton, 'graph')


def test_an_unknown_mode_is_refused(skeleton):
    with pytest.raises(RuntimeChoiceError, match="mode 'fast' is unknown; choose one of"):
        load(skeleton, 'fast')
