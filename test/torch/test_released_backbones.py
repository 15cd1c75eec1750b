"""The released backbones: their names and sizes, and their features against transformers."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from transformers import Qwen3ForCausalLM, Qwen3VLModel, Siglip2VisionModel, SiglipVisionModel

from groot_ros.model.released_backbone import (
    RELEASED_TEXT,
    RELEASED_VISION,
    ReleasedBackboneConfig,
)
from groot_ros.model.system2.prompt import pad_left
from groot_ros.model.system2.released import (
    BackboneError,
    BackboneInputs,
    build_backbone,
    check_inputs,
    is_ignored_weight,
    restore_buffers,
)
from groot_ros.model.system2.towers import (
    naflex_config,
    qwen3_config,
    qwen3_vl_config,
    siglip_config,
)

IMAGE_ID = 7
LAYERS = {'eagle2_5': 12, 'eagle3': 16, 'qwen3_vl': 16}
TEXT = {'hidden_size': 32, 'num_attention_heads': 4, 'num_key_value_heads': 2, 'head_dim': 8,
        'intermediate_size': 48, 'rms_norm_eps': 1e-6, 'rope_theta': 1e6, 'vocab_size': 40}
SIGLIP = {'hidden_size': 24, 'num_hidden_layers': 2, 'num_attention_heads': 2,
          'intermediate_size': 32, 'patch_size': 14, 'image_size': 56, 'layer_norm_eps': 1e-6}
VISION = {
    'eagle2_5': SIGLIP, 'eagle3': SIGLIP,
    'qwen3_vl': {'hidden_size': 24, 'depth': 4, 'num_heads': 2, 'intermediate_size': 32,
                 'patch_size': 16, 'spatial_merge_size': 2, 'temporal_patch_size': 2,
                 'num_position_embeddings': 16, 'out_hidden_size': 32,
                 'deepstack_visual_indexes': [0, 1, 2]}}
# Rows and columns of patches of two images, and values of one patch.
GRIDS = {'eagle3': ([[4, 6], [2, 4]], 3 * 14 * 14),
         'qwen3_vl': ([[4, 6], [2, 4]], 2 * 3 * 16 * 16)}


def tiny(kind: str) -> ReleasedBackboneConfig:
    text = {**TEXT, 'mrope_section': [2, 1, 1]} if kind == 'qwen3_vl' else TEXT
    return ReleasedBackboneConfig(kind, 5, 32, text, VISION[kind])


@pytest.fixture(params=sorted(LAYERS))
def kind(request) -> str:
    return request.param


def backbone_of(kind: str) -> nn.Module:
    torch.manual_seed(0)
    backbone = build_backbone(tiny(kind))
    for weight in backbone.parameters():  # norms and biases start as ones and zeros
        weight.data += 0.1 * torch.randn_like(weight)
    return backbone.requires_grad_(False)


def prompt(kind: str, seed: int, words: int = 6) -> BackboneInputs:
    """Two images between words."""
    random = torch.Generator().manual_seed(seed)
    if kind == 'eagle2_5':
        tokens, grid = [16, 16], None
        pixels = torch.randn(2, 3, 56, 56, generator=random)
    else:
        shapes, values = GRIDS[kind]
        grid = torch.tensor(shapes)
        tokens = (grid.prod(1) // 4).tolist()
        pixels = torch.randn(int(grid.prod(1).sum()), values, generator=random)
    between = [torch.randint(8, 40, (words,), generator=random) for _ in range(3)]
    ids = torch.cat([between[0], torch.full((tokens[0],), IMAGE_ID), between[1],
                     torch.full((tokens[1],), IMAGE_ID), between[2]])[None]
    return BackboneInputs(ids, torch.ones_like(ids, dtype=torch.bool), ids == IMAGE_ID, pixels,
                          grid)


@pytest.fixture(scope='module')
def released_weights() -> dict[str, dict[str, torch.Tensor]]:
    """Weights of the released sizes by kind, without their memory."""
    weights = {}
    for kind, layers in LAYERS.items():
        config = ReleasedBackboneConfig(kind, layers, 2048, RELEASED_TEXT[kind],
                                        RELEASED_VISION[kind])
        with torch.device('meta'):
            weights[kind] = build_backbone(config).state_dict()
    return weights


@pytest.mark.parametrize(('kind', 'tensors', 'parameters'), [
    # The whole N1.7 has 1030 tensors and 3,144,016,000 parameters, its head 537 tensors.
    ('qwen3_vl', 1030 - 537, 1_523_500_032),
    ('eagle2_5', 573, 1_329_478_384),
    ('eagle3', 621, 1_542_105_840)])
def test_the_released_size_has_the_released_number_of_weights(
        released_weights, kind, tensors, parameters):
    weights = released_weights[kind]
    assert len(weights) == tensors
    assert sum(weight.numel() for weight in weights.values()) == parameters


@pytest.mark.parametrize(('kind', 'names'), [
    ('qwen3_vl', {
        'model.model.visual.patch_embed.proj.weight': (1024, 3, 2, 16, 16),
        'model.model.visual.pos_embed.weight': (2304, 1024),
        'model.model.visual.blocks.23.attn.qkv.weight': (3072, 1024),
        'model.model.visual.merger.linear_fc2.weight': (2048, 4096),
        'model.model.visual.deepstack_merger_list.2.norm.weight': (4096,),
        'model.model.language_model.embed_tokens.weight': (151936, 2048),
        'model.model.language_model.layers.15.self_attn.q_norm.weight': (128,),
        'model.model.language_model.norm.weight': (2048,)}),
    ('eagle2_5', {
        'eagle_model.vision_model.vision_model.embeddings.patch_embedding.weight':
            (1152, 3, 14, 14),
        'eagle_model.vision_model.vision_model.encoder.layers.26.mlp.fc1.weight': (4304, 1152),
        'eagle_model.mlp1.0.weight': (2048, 1152),
        'eagle_model.language_model.model.layers.11.mlp.up_proj.weight': (6144, 2048),
        'eagle_model.language_model.model.norm.weight': (2048,)}),
    ('eagle3', {
        'model.vision_model.vision_model.embeddings.patch_embedding.weight': (1152, 588),
        'model.vision_model.vision_model.embeddings.position_embedding.weight': (256, 1152),
        'model.vision_model.vision_model.post_layernorm.weight': (1152,),
        'model.mlp1.0.weight': (4608,),
        'model.mlp1.1.weight': (2048, 4608),
        'model.mlp1.3.weight': (2048, 2048),
        'model.language_model.model.layers.15.self_attn.o_proj.weight': (2048, 2048)})])
def test_weights_have_their_released_names_and_shapes(released_weights, kind, names):
    weights = released_weights[kind]
    assert {name: tuple(weights[name].shape) for name in names} == names


def test_n1_5_with_project_to_dim_has_one_more_linear_layer():
    config = ReleasedBackboneConfig('eagle2_5', 5, 20, TEXT, SIGLIP, projected=True)
    backbone = build_backbone(config)
    assert backbone.state_dict()['eagle_linear.weight'].shape == (20, 32)
    assert backbone(prompt('eagle2_5', 0)).features.shape[2] == 20


def test_n1_7_hands_over_the_last_layer_of_qwen3_vl_before_its_norm():
    backbone, inputs = backbone_of('qwen3_vl'), prompt('qwen3_vl', 0)
    qwen_config = qwen3_vl_config(tiny('qwen3_vl'))
    qwen_config.image_token_id = IMAGE_ID
    reference = Qwen3VLModel(qwen_config).eval()
    reference.load_state_dict(backbone.model['model'].state_dict())
    seen = []
    reference.language_model.layers[-1].register_forward_hook(
        lambda _module, _args, output: seen.append(output))
    grid = torch.tensor([[1, *shape] for shape in GRIDS['qwen3_vl'][0]])
    with torch.no_grad():
        normed = reference(
            input_ids=inputs.input_ids, attention_mask=inputs.attention_mask.long(),
            pixel_values=inputs.pixel_values, image_grid_thw=grid,
            mm_token_type_ids=inputs.image_mask.int()).last_hidden_state
    features = backbone(inputs).features
    torch.testing.assert_close(features, seen[0], atol=1e-6, rtol=0)
    assert (features - normed).abs().max() > 0.1


def test_n1_5_equals_siglip_one_linear_layer_and_qwen3_after_its_norm():
    config, backbone, inputs = tiny('eagle2_5'), backbone_of('eagle2_5'), prompt('eagle2_5', 0)
    parts = backbone.eagle_model
    vision = SiglipVisionModel(siglip_config(config)).eval()
    vision.load_state_dict(parts['vision_model']['vision_model'].state_dict())
    with torch.no_grad():
        patches = vision(inputs.pixel_values).last_hidden_state
    assert patches.shape == (2, 16, 24)
    images = nn.functional.linear(patches.flatten(0, 1), parts['mlp1'][0].weight,
                                  parts['mlp1'][0].bias)
    expected = _read_with_causal_model(config, parts['language_model']['model'], inputs, images)
    torch.testing.assert_close(backbone(inputs).features, expected, atol=1e-6, rtol=0)


def test_n1_6_equals_siglip2_on_both_images_at_once_and_the_unshuffled_connector():
    config, backbone, inputs = tiny('eagle3'), backbone_of('eagle3'), prompt('eagle3', 0)
    parts = backbone.model
    vision = Siglip2VisionModel(naflex_config(config)).eval()
    vision.load_state_dict(parts['vision_model']['vision_model'].state_dict())
    patches = torch.zeros(2, 24, 588)
    patches[0], patches[1, :8] = inputs.pixel_values[:24], inputs.pixel_values[24:]
    mask = torch.arange(24) < torch.tensor([[24], [8]])
    with torch.no_grad():
        encoded = vision(patches, mask, inputs.patch_grid).last_hidden_state
    blocks = torch.cat([
        _unshuffle(encoded[index, :rows * columns].reshape(rows, columns, 24))
        for index, (rows, columns) in enumerate(GRIDS['eagle3'][0])])
    expected = _read_with_causal_model(config, parts['language_model']['model'], inputs,
                                       parts['mlp1'](blocks))
    torch.testing.assert_close(backbone(inputs).features, expected, atol=1e-5, rtol=0)


def _unshuffle(image: torch.Tensor) -> torch.Tensor:
    """Write value (channel, dy, dx) of block (y, x) one by one."""
    rows, columns, channels = image.shape
    tokens = torch.zeros(rows // 2, columns // 2, channels, 2, 2)
    for y in range(rows):
        for x in range(columns):
            tokens[y // 2, x // 2, :, y % 2, x % 2] = image[y, x]
    return tokens.flatten(2).flatten(0, 1)


def _read_with_causal_model(config, language_model, inputs, images) -> torch.Tensor:
    """Return the last of transformers' own hidden states."""
    reference = Qwen3ForCausalLM(qwen3_config(config)).eval()
    reference.model.load_state_dict(language_model.state_dict())
    embedded = reference.model.embed_tokens(inputs.input_ids).detach()
    embedded[inputs.image_mask] = images
    with torch.no_grad():
        return reference(inputs_embeds=embedded, attention_mask=inputs.attention_mask.long(),
                         output_hidden_states=True).hidden_states[-1]


def test_left_padding_does_not_change_a_prompt(kind):
    backbone = backbone_of(kind)
    short, long = prompt(kind, 1, words=3), prompt(kind, 2, words=7)
    both = backbone(pad_left([short, long]))
    missing = long.input_ids.shape[1] - short.input_ids.shape[1]
    assert both.attention_mask[0].tolist() == [False] * missing + [True] * (
        short.input_ids.shape[1])
    torch.testing.assert_close(both.features[0, missing:], backbone(short).features[0],
                               atol=2e-5, rtol=0)
    torch.testing.assert_close(both.features[1], backbone(long).features[0], atol=2e-5, rtol=0)
    assert both.features.isfinite().all()


def test_words_see_the_images_before_them(kind):
    backbone, inputs = backbone_of(kind), prompt(kind, 0)
    other = inputs._replace(pixel_values=inputs.pixel_values + 1)
    change = (backbone(inputs).features - backbone(other).features).abs().amax(2)[0]
    first = int(inputs.image_mask[0].nonzero()[0])
    assert change[:first].max() < 1e-6
    assert change[first:].min() > 1e-4


def test_weights_loaded_on_the_meta_device_give_the_same_features(kind):
    backbone, inputs = backbone_of(kind), prompt(kind, 0)
    with torch.device('meta'):
        loaded = build_backbone(tiny(kind))
    loaded.load_state_dict(backbone.state_dict(), assign=True)
    restore_buffers(loaded)
    torch.testing.assert_close(loaded(inputs).features, backbone(inputs).features)


def test_a_cast_to_bfloat16_leaves_rotary_frequencies_exact(kind):
    backbone = backbone_of(kind)
    before = {name: value.clone() for name, value in backbone.named_buffers()}
    features = backbone(prompt(kind, 0)).features
    cast = backbone.to(torch.bfloat16)
    for name, value in cast.named_buffers():
        torch.testing.assert_close(value, before[name], atol=0, rtol=0)
    rounded = cast(prompt(kind, 0)).features
    assert rounded.dtype == torch.bfloat16
    assert (rounded.float() - features).abs().max() < 0.1 * features.abs().max()


def test_an_unused_weight_of_a_released_file_is_ignored_by_name():
    assert is_ignored_weight('backbone.model.lm_head.weight')
    assert is_ignored_weight('backbone.eagle_model.language_model.lm_head.weight')
    assert is_ignored_weight('backbone.eagle_model.vision_model.vision_model.head.probe')
    assert not is_ignored_weight('backbone.model.model.language_model.embed_tokens.weight')
    assert not is_ignored_weight('action_head.vlln.weight')


@pytest.mark.parametrize(('image_mask', 'message'), [
    ([False, False, False], 'without any image token'),
    ([True, True, True], 'without any text token'),
    ([True, True, False], 'holds 2 image tokens, its images become 1')])
def test_a_prompt_that_the_action_head_cannot_attend_to_is_refused(image_mask, message):
    inputs = BackboneInputs(torch.zeros(1, 3, dtype=torch.long), torch.ones(1, 3).bool(),
                            torch.tensor([image_mask]), torch.zeros(1))
    with pytest.raises(BackboneError, match=message):
        check_inputs(inputs, 1)


def test_eagle_2_is_named_as_not_supported():
    config = ReleasedBackboneConfig('eagle2', 12, 1536, RELEASED_TEXT['eagle2'],
                                    RELEASED_VISION['eagle2'])
    with pytest.raises(BackboneError, match='GR00T N1 .* not supported: use a GR00T N1.5'):
        build_backbone(config)


def test_the_small_model_runs_without_transformers():
    code = ('import sys; sys.modules["transformers"] = None\n'
            'import groot_ros.model.groot, groot_ros.model.torch_runtime\n'
            'import groot_ros.model.system2.released, groot_ros.model.system2.prompt')
    subprocess.run([sys.executable, '-c', code], check=True, timeout=120)


def test_without_transformers_the_error_says_what_to_install():
    code = ('import sys; sys.modules["transformers"] = None\n'
            'from groot_ros.model.released_backbone import ReleasedBackboneConfig\n'
            'from groot_ros.model.system2.released import build_backbone\n'
            'build_backbone(ReleasedBackboneConfig("qwen3_vl", 16, 2048, {}, {}))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          timeout=120, check=False)
    assert 'BackboneError: the backbone of a released checkpoint needs: pip install' in done.stderr
