"""Prompts of the released backbones: chat turns, image tokens, pixels, tokenizer."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from torch import nn

from groot_ros.model.released_backbone import (
    RELEASED_TEXT,
    RELEASED_VISION,
    ReleasedBackboneConfig,
)
from groot_ros.model.system2.pixels import cut_patches, fit_size, prepare_images
from groot_ros.model.system2.prompt import build_inputs, pad_left
from groot_ros.model.system2.prompt_tokenizer import load_tokenizer
from groot_ros.model.system2.released import BackboneError, build_backbone

KINDS = ['eagle2_5', 'eagle3', 'qwen3_vl']
CHAT = ['<|im_start|>', '<|im_end|>', '<|vision_start|>', '<|image_pad|>', '<|vision_end|>']
SYSTEM = '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n'


def config_of(kind: str) -> ReleasedBackboneConfig:
    return ReleasedBackboneConfig(kind, 16, 2048, RELEASED_TEXT[kind], RELEASED_VISION[kind])


def image(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    """A folder with a tokenizer of single characters and the chat tokens."""
    characters = [chr(code) for code in range(32, 127)] + ['\n']
    tokenizer = Tokenizer(WordLevel({text: index for index, text in enumerate(characters)},
                                    unk_token=' '))
    tokenizer.pre_tokenizer = Split('', 'isolated')
    tokenizer.add_special_tokens(CHAT)
    tokenizer.save(str(tmp_path / 'tokenizer.json'))
    return tmp_path


def read_back(tokenizer: Tokenizer, inputs) -> str:
    return ''.join(tokenizer.id_to_token(int(token)) for token in inputs.input_ids[0])


@pytest.mark.parametrize(('kind', 'size', 'expected'), [
    ('eagle2_5', 224, SYSTEM + '<|im_start|>user\n'
     '<image 1><img>' + 256 * '<IMG_CONTEXT>' + '</img>'
     '<image 2><img>' + 256 * '<IMG_CONTEXT>' + '</img>'
     'lift it<|im_end|>\n<|im_start|>assistant\n'),
    ('eagle3', 256, SYSTEM + '<|im_start|>user\nlift it'
     '<image 1><img>' + 81 * '<IMG_CONTEXT>' + '</img>'
     '<image 2><img>' + 81 * '<IMG_CONTEXT>' + '</img><|im_end|>\n'),
    ('qwen3_vl', 256, '<|im_start|>user\n'
     '<|vision_start|>' + 64 * '<|image_pad|>' + '<|vision_end|>'
     '<|vision_start|>' + 64 * '<|image_pad|>' + '<|vision_end|>'
     'lift it<|im_end|>\n')])
def test_each_release_has_its_own_chat_order(checkpoint, kind, size, expected):
    tokenizer = load_tokenizer(kind, checkpoint)
    inputs = build_inputs(config_of(kind), tokenizer, [image(size, size)] * 2, 'lift it')
    assert read_back(tokenizer, inputs) == expected
    assert inputs.attention_mask.all()
    assert int(inputs.image_mask.sum()) == expected.count('IMG_CONTEXT') + expected.count(
        'image_pad')


def test_shorter_prompts_are_padded_on_the_left(checkpoint):
    tokenizer = load_tokenizer('qwen3_vl', checkpoint)
    short, long = (build_inputs(config_of('qwen3_vl'), tokenizer, [image(256, 256)], text)
                   for text in ('lift', 'lift it up'))
    both = pad_left([short, long])
    assert both.attention_mask.tolist() == [[False] * 6 + [True] * short.input_ids.shape[1],
                                            [True] * long.input_ids.shape[1]]
    assert both.input_ids[0, 6:].tolist() == short.input_ids[0].tolist()
    assert both.image_mask.sum(1).tolist() == [64, 64]
    assert both.patch_grid.tolist() == [[16, 16], [16, 16]]
    assert len(both.pixel_values) == 512


@pytest.mark.parametrize('kind', KINDS)
def test_an_empty_instruction_is_refused(checkpoint, kind):
    with pytest.raises(BackboneError, match='holds no word: say what to do'):
        build_inputs(config_of(kind), load_tokenizer(kind, checkpoint), [image(224, 224)], ' \n')


@pytest.mark.parametrize('kind', KINDS)
def test_a_prompt_without_image_is_refused(checkpoint, kind):
    with pytest.raises(BackboneError, match='no image: the model attends to images'):
        build_inputs(config_of(kind), load_tokenizer(kind, checkpoint), [], 'lift it')


def test_an_image_that_is_not_8_bit_rgb_is_refused(checkpoint):
    with pytest.raises(BackboneError, match=r'image 1: expected uint8 .* got float32 \(8, 8, 3\)'):
        prepare_images(config_of('qwen3_vl'), [image(8, 8), image(8, 8).astype(np.float32)])


def test_an_instruction_that_names_an_image_token_is_refused(checkpoint):
    with pytest.raises(BackboneError, match='holds 65 image tokens, its images become 64'):
        build_inputs(config_of('qwen3_vl'), load_tokenizer('qwen3_vl', checkpoint),
                     [image(256, 256)], 'lift <|image_pad|>')


def test_the_tokenizer_of_another_model_is_refused(checkpoint):
    text = {**RELEASED_TEXT['qwen3_vl'], 'vocab_size': 50}
    config = ReleasedBackboneConfig('qwen3_vl', 16, 2048, text, RELEASED_VISION['qwen3_vl'])
    with pytest.raises(BackboneError, match='checkpoint embeds 50 tokens: it is the tokenizer of'):
        build_inputs(config, load_tokenizer('qwen3_vl', checkpoint), [image(256, 256)], 'lift')


def test_the_tokenizer_is_taken_from_the_checkpoint_then_the_path_then_the_hub(
        checkpoint, tmp_path_factory):
    def hub(repository: str) -> Path:
        asked.append(repository)
        return checkpoint / 'tokenizer.json'

    asked: list[str] = []
    empty = tmp_path_factory.mktemp('empty')
    below = tmp_path_factory.mktemp('trainer_output')
    (below / 'processor').mkdir()
    (below / 'processor' / 'tokenizer.json').write_bytes(
        (checkpoint / 'tokenizer.json').read_bytes())
    load_tokenizer('qwen3_vl', checkpoint, empty, hub)
    load_tokenizer('qwen3_vl', below, None, hub)
    load_tokenizer('qwen3_vl', empty, checkpoint, hub)
    load_tokenizer('qwen3_vl', empty, checkpoint / 'tokenizer.json', hub)
    assert asked == []
    load_tokenizer('qwen3_vl', empty, empty, hub)
    load_tokenizer('eagle3', empty, None, hub)
    assert asked == ['Qwen/Qwen3-VL-2B-Instruct', 'Qwen/Qwen3-1.7B']


def test_a_missing_tokenizer_names_the_three_places(tmp_path):
    def unreachable(repository: str) -> Path:
        raise OSError('no connection\nand a long story')

    with pytest.raises(BackboneError) as caught:
        load_tokenizer('eagle3', tmp_path, tmp_path / 'mine', unreachable)
    message = str(caught.value)
    for place in (str(tmp_path / 'tokenizer.json'), str(tmp_path / 'mine'), 'Qwen/Qwen3-1.7B'):
        assert place in message
    assert '(no connection)' in message
    assert '\n' not in message


def test_a_tokenizer_without_image_token_is_refused(tmp_path):
    Tokenizer(WordLevel({'lift': 0}, unk_token='lift')).save(str(tmp_path / 'tokenizer.json'))
    with pytest.raises(BackboneError, match=r'no token <\|image_pad\|>; this is not'):
        load_tokenizer('qwen3_vl', tmp_path)


def test_eagles_tokens_follow_those_of_the_tokenizer_in_the_released_order(checkpoint):
    before = Tokenizer.from_file(str(checkpoint / 'tokenizer.json')).get_vocab_size()
    tokenizer = load_tokenizer('eagle3', checkpoint)
    # In the release they are 151669, 151670 and 151671, after the 151669 tokens of Qwen3.
    assert [tokenizer.token_to_id(token) for token in ('<IMG_CONTEXT>', '<img>', '</img>')] == [
        before, before + 1, before + 2]


@pytest.mark.parametrize(('size', 'factor', 'pixels', 'expected'), [
    ((256, 256), 28, (3136, 3211264), (252, 252)),
    ((256, 448), 32, (65536, 16777216), (256, 448)),
    ((256, 455), 32, (65536, 16777216), (256, 448)),
    ((224, 224), 32, (65536, 16777216), (256, 256)),  # too few pixels: scaled up
    ((20, 20), 28, (3136, 3211264), (56, 56)),
    ((4000, 2000), 28, (3136, 3211264), (2520, 1260))])  # too many: scaled down
def test_images_are_fitted_to_whole_blocks(size, factor, pixels, expected):
    assert fit_size(*size, factor, pixels) == expected


def test_patches_go_row_by_row():
    picture = torch.arange(2 * 4 * 6).reshape(2, 4, 6)
    patches = cut_patches(picture, 2)
    assert patches.shape == (2, 3, 2, 2, 2)
    assert patches[1, 2].tolist() == picture[:, 2:4, 4:6].tolist()


@pytest.mark.parametrize(('kind', 'size', 'grid'), [
    ('eagle2_5', (224, 224), None), ('eagle3', (56, 84), [[4, 6]]),
    ('qwen3_vl', (256, 320), [[16, 20]])])
def test_pixels_reach_from_minus_one_to_one(kind, size, grid):
    black_and_white = np.zeros((*size, 3), np.uint8)
    black_and_white[0, 0] = 255
    prepared = prepare_images(config_of(kind), [black_and_white])
    assert prepared.pixel_values.min() == -1
    assert prepared.pixel_values.max() == 1
    assert (prepared.patch_grid if grid is None else prepared.patch_grid.tolist()) == grid


def test_n1_6_patches_give_what_a_convolution_gives():
    picture = image(56, 84)
    patches = prepare_images(config_of('eagle3'), [picture]).pixel_values
    kernel = torch.randn(5, 3, 14, 14, generator=torch.Generator().manual_seed(0))
    convolved = nn.functional.conv2d(_scaled(picture), kernel, stride=14)[0]  # (5, 4, 6)
    linear = patches @ kernel.permute(0, 2, 3, 1).flatten(1).T  # channels last
    torch.testing.assert_close(linear, convolved.flatten(1).T, atol=1e-4, rtol=0)


def test_n1_7_patches_give_what_a_convolution_gives_block_by_block():
    picture = image(256, 320)
    patches = prepare_images(config_of('qwen3_vl'), [picture]).pixel_values
    kernel = torch.randn(5, 3, 2, 16, 16, generator=torch.Generator().manual_seed(0))
    convolved = nn.functional.conv2d(_scaled(picture), kernel.sum(2), stride=16)[0]  # (5, 16, 20)
    by_blocks = torch.stack([
        convolved[:, 2 * y + dy, 2 * x + dx]
        for y in range(8) for x in range(10) for dy in range(2) for dx in range(2)])
    torch.testing.assert_close(patches @ kernel.flatten(1).T, by_blocks, atol=1e-3, rtol=0)


def _scaled(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1


def test_a_resized_image_keeps_its_brightness_and_its_edges():
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[:, 128:] = 200
    patches = prepare_images(config_of('eagle3'), [picture]).pixel_values
    columns = patches.reshape(18, 18, 14, 14, 3)[0, :, 0].reshape(252, 3)
    assert columns[:120].max() == -1
    assert columns.max() < 1
    torch.testing.assert_close(columns[132:], torch.full((120, 3), 200 / 127.5 - 1))


@pytest.mark.parametrize('kind', KINDS)
def test_a_prompt_runs_through_its_backbone(checkpoint, kind):
    small = {'hidden_size': 24, 'intermediate_size': 32}
    vision = {**RELEASED_VISION[kind], **small}
    if kind == 'qwen3_vl':
        vision.update(depth=2, num_heads=2, out_hidden_size=32, deepstack_visual_indexes=[0])
    else:
        vision.update(num_hidden_layers=1, num_attention_heads=2)
    text = {**RELEASED_TEXT[kind], 'hidden_size': 32, 'intermediate_size': 48,
            'num_attention_heads': 2, 'num_key_value_heads': 1, 'vocab_size': 128}
    config = ReleasedBackboneConfig(kind, 2, 32, text, vision)
    inputs = build_inputs(config, load_tokenizer(kind, checkpoint), [image(256, 256)], 'lift it')
    with torch.no_grad():
        output = build_backbone(config)(inputs)
    assert output.features.shape == (*inputs.input_ids.shape, 32)
    assert output.features.isfinite().all()
    assert output.heatmap_logits is None
