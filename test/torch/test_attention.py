"""Attention maps: the formula, the two runtimes, and the released backbones."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch
from skeletons import TRAINED
from transformers import Qwen3Model

from groot_ros.model.export import export
from groot_ros.model.groot import Groot
from groot_ros.model.policy import AttentionError, load_system2
from groot_ros.model.system2 import released_attention
from groot_ros.model.system2.attention import SmallAttention, rollout, words_to_images
from groot_ros.observation import prepare_image

WORDS = ('touch the red block', 'push the blue block to the left')


@pytest.fixture(scope='module')
def exported(checkpoint, tmp_path_factory):
    folder = tmp_path_factory.mktemp('exported') / 'checkpoint'
    shutil.copytree(checkpoint, folder)
    export(folder)
    return folder


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)


def test_rollout_of_two_layers_by_hand():
    first, second = torch.tensor([[[0.0, 1.0], [0.5, 0.5]]]), torch.tensor([[[1.0, 0.0]] * 2])
    # (second + 1) / 2 @ (first + 1) / 2
    expected = torch.tensor([[1.0, 0.0], [0.5, 0.5]]) @ torch.tensor([[0.5, 0.5], [0.25, 0.75]])
    torch.testing.assert_close(rollout([first, second])[0], expected)


def test_words_before_the_images_of_a_causal_model_take_no_part():
    image_mask = torch.tensor([[False, True, True, False]])
    causal = torch.tensor([[[1.0, 0, 0, 0], [0.5, 0.5, 0, 0], [0.2, 0.2, 0.6, 0],
                            [0.1, 0.3, 0.1, 0.5]]])
    torch.testing.assert_close(words_to_images([causal], image_mask),
                               torch.tensor([[0.0, 0.75, 0.25, 0.0]]))


def test_a_map_follows_words_over_tokens_to_cells(model):
    """One layer: the attention of the words, times where each token was read."""
    head, backbone = model.action_head, model.backbone
    images = torch.rand(1, 1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    given = images, torch.tensor([[1, 4, 5]]), torch.ones(1, 3, dtype=torch.bool)
    with torch.inference_mode():
        found = SmallAttention(backbone, head.vlln, head.vl_self_attention)(*given)[0, 0]
        output = backbone(*given)
        (weights,) = head.vl_self_attention.attention(head.vlln(output.features))
    shares = weights[0, -4:, :-4].mean(0) / weights[0, -4:, :-4].mean(0).sum()
    expected = torch.zeros(24, 32)
    for share, logits in zip(shares[:16], output.heatmap_logits[0, 0], strict=True):
        expected += share * logits.flatten().softmax(0).view(24, 32)
    for number, share in enumerate(shares[16:]):
        row, column = divmod(number, 4)
        expected[8 * row:8 * row + 8, 8 * column:8 * column + 8] += share / 64
    torch.testing.assert_close(found, expected)
    assert float(found.sum()) == pytest.approx(1.0)


@pytest.mark.parametrize('instruction', WORDS)
def test_the_two_runtimes_agree(exported, image, instruction):
    maps = [load_system2(exported, 'unitree_g1', runtime).attention(
        {'ego_view': image}, instruction) for runtime in ('torch', 'onnx')]
    assert [list(each) for each in maps] == [['ego_view']] * 2
    np.testing.assert_allclose(maps[1]['ego_view'], maps[0]['ego_view'], atol=1e-6, rtol=1e-4)
    assert maps[0]['ego_view'].shape == (24, 32)


def test_half_the_precision_looks_at_the_same_place(checkpoint, image):
    one, other = (load_system2(checkpoint, 'unitree_g1', 'torch', dtype=dtype).attention(
        {'ego_view': image}, WORDS[0])['ego_view'] for dtype in ('float32', 'bfloat16'))
    assert other.dtype == np.float32
    np.testing.assert_allclose(other, one, atol=1e-3)


@pytest.mark.parametrize('runtime', ['torch', 'onnx'])
def test_looking_does_not_change_the_goal_tokens(exported, image, runtime):
    system2 = load_system2(exported, 'unitree_g1', runtime)
    before = system2.encode({'ego_view': image}, WORDS[0])
    one, other = (system2.attention({'ego_view': image}, words)['ego_view'] for words in WORDS)
    after = system2.encode({'ego_view': image}, WORDS[0])
    np.testing.assert_array_equal(before.features, after.features)
    assert np.abs(one - other).max() > 1e-6


def test_an_older_export_says_how_to_get_attention(exported, image, tmp_path):
    folder = tmp_path / 'older'
    shutil.copytree(exported, folder)
    (folder / 'system2_attention.onnx').unlink()
    system2 = load_system2(folder, 'unitree_g1', 'onnx')
    with pytest.raises(AttentionError, match=r'system2_attention\.onnx: no such file.*'
                                             r'export_onnx'):
        system2.attention({'ego_view': image}, 'push')
    assert system2.encode({'ego_view': image}, 'push').attention_mask.all()


def test_without_a_layer_from_words_to_images_there_is_no_attention(config):
    head = config.action_head_cfg
    none = dataclasses.replace(head.vl_self_attention_cfg, num_layers=0)
    model = Groot(dataclasses.replace(config, action_head_cfg=dataclasses.replace(
        head, vl_self_attention_cfg=none)))
    with pytest.raises(AttentionError, match='num_layers is 0'):
        SmallAttention(model.backbone, model.action_head.vlln,
                       model.action_head.vl_self_attention)


@pytest.fixture(params=[
    ('n1_5', 'float32'), ('n1_6', 'float32'), ('n1_7', 'float32'), ('n1_7', 'bfloat16')],
    ids='-'.join)
def system2(request, released):
    version, dtype = request.param
    return load_system2(released[version], TRAINED[version][0], dtype=dtype)


def look(system2, words):
    camera = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    views = {'ego_view': prepare_image(camera, system2.processor.images['ego_view'])}
    return views, system2.attention(views, words)['ego_view']


def test_a_released_backbone_has_a_cell_for_each_image_token(system2):
    views, cells = look(system2, WORDS[0])
    tokens = system2.encode(views, WORDS[0])
    height, width = views['ego_view'].shape[:2]
    assert cells.size == tokens.image_mask.sum()
    assert cells.shape[1] / cells.shape[0] == pytest.approx(width / height, rel=0.15)
    assert float(cells.sum()) == pytest.approx(1.0, abs=1e-5)
    assert cells.min() >= 0.0
    assert np.ptp(cells) > 0.0


def test_recording_leaves_a_released_backbone_as_it_was(system2):
    views, _ = look(system2, WORDS[0])
    fresh = system2.encode(views, WORDS[1]).features
    look(system2, WORDS[0])
    np.testing.assert_array_equal(system2.encode(views, WORDS[1]).features, fresh)


def test_the_attention_recorded_is_what_transformers_reports(released):
    system2 = load_system2(released['n1_5'], TRAINED['n1_5'][0])
    encoder = system2._encoder
    language_model = next(
        part for part in encoder.modules() if isinstance(part, Qwen3Model))
    embedded = torch.randn(1, 9, language_model.config.hidden_size,
                           generator=torch.Generator().manual_seed(0))
    mask = torch.ones(1, 9, dtype=torch.long)
    with torch.inference_mode(), released_attention._recorded(language_model) as layers:
        reported = language_model(inputs_embeds=embedded, attention_mask=mask,
                                  output_attentions=True).attentions
    assert len(layers) == len(language_model.layers)
    for layer, weights in zip(layers, reported, strict=True):
        torch.testing.assert_close(layer, weights.mean(1))
        assert float(layer.triu(1).max()) == 0.0, 'causal'
