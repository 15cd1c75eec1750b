"""Compiled and captured denoising against the plain loop."""

import json

import pytest
import torch
from released_configs import small_config

from groot_ros.model.released_config import read_config
from groot_ros.model.system1.action_head import ActionHead
from groot_ros.model.system1.compiled import DenoisingGraph, compile_head

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason='CUDA graphs need a GPU')


@pytest.fixture(scope='module')
def head(tmp_path_factory):
    folder = tmp_path_factory.mktemp('config')
    values = small_config('n1_7')
    values['diffusion_model_cfg']['num_layers'] = 2  # compiling takes its time
    (folder / 'config.json').write_text(json.dumps(values))
    torch.manual_seed(0)
    made = ActionHead(read_config(folder).action_head_cfg).eval().requires_grad_(False)
    return made.to('cuda' if torch.cuda.is_available() else 'cpu')


def inputs_of(head, seed, tokens=7):
    """Goal tokens prepared, state, noise and embodiment."""
    config, random = head.config, torch.Generator().manual_seed(seed)
    device = head.model.proj_out_1.weight.device

    def draw(*shape):
        return torch.randn(shape, generator=random).to(device)

    image = torch.arange(tokens, device=device)[None] > 2
    context = head.model.prepare(draw(1, tokens, 32), torch.ones_like(image), image)
    return (context, draw(1, 1, config.max_state_dim),
            draw(1, config.action_horizon, config.max_action_dim),
            torch.zeros(1, dtype=torch.long, device=device))


def test_a_compiled_head_shares_the_weights_and_gives_the_same_actions(head):
    compiled = compile_head(head)
    assert compiled.model.proj_out_1.weight is head.model.proj_out_1.weight
    inputs = inputs_of(head, seed=1)
    with torch.inference_mode():
        expected = head.denoise(*inputs, head.step_conditions())
        actions = compiled.denoise(*inputs, head.step_conditions())
    torch.testing.assert_close(actions, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.skipif(torch.cuda.is_available(), reason='refused only without a GPU')
def test_a_graph_of_a_head_on_the_cpu_is_refused(head):
    context, *_, embodiment = inputs_of(head, seed=1)
    with pytest.raises(ValueError, match='needs a head on a GPU, this one is on cpu'):
        DenoisingGraph(head, head.step_conditions(), context, embodiment)


@needs_gpu
def test_a_graph_gives_the_actions_of_new_tokens_states_and_noise(head):
    first, *_, embodiment = inputs_of(head, seed=1)
    conditions = head.step_conditions()
    graph = DenoisingGraph(head, conditions, first, embodiment)
    for seed in (2, 3):
        context, state, noise, _ = inputs_of(head, seed)
        graph.use(context)
        freedom = torch.linspace(0, 1, noise.shape[1], device=noise.device)[:, None]
        expected = head.denoise(context, state, noise, embodiment, conditions, freedom)
        actions = graph.denoise(state, noise, freedom)
        torch.testing.assert_close(actions, expected, atol=1e-5, rtol=1e-4)


@needs_gpu
def test_a_graph_refuses_another_number_of_tokens(head):
    context, *_, embodiment = inputs_of(head, seed=1)
    graph = DenoisingGraph(head, head.step_conditions(), context, embodiment)
    with pytest.raises(ValueError, match='this graph was captured for keys of shape'):
        graph.use(inputs_of(head, seed=1, tokens=8)[0])
