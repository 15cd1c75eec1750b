"""A robot's own episodes train the policy: what is read of them, and what is refused."""

import dataclasses
import logging

import numpy as np
import pytest
import torch

from groot_ros.data.datasets.episode import Annotation, Episode, Layout
from groot_ros.embodiment import load_embodiment
from groot_ros.model.checkpoint import load_model, write_json
from groot_ros.model.groot import Groot
from groot_ros.model.processor import load_processor
from groot_ros.model.tokenizer import InstructionTokenizer
from groot_ros.observation.images import prepare_image
from groot_ros.training import datasets, fine_tuning
from groot_ros.training.batches import Samples
from groot_ros.training.datasets import DatasetSource
from groot_ros.training.errors import TrainingError
from groot_ros.training.fine_tuning import (
    check_policy,
    pretrained_model,
    run_config,
    warn_of_cut_targets,
)
from groot_ros.training.objective import Objective, ObjectiveSettings
from groot_ros.training.samples import Source

EMBODIMENT = load_embodiment('unitree_g1')
WHOLE = (0.0, 0.0, 1.0, 1.0)
HORIZON = 16
LAYOUT = Layout(
    'unitree_g1', 20.0,
    {group: EMBODIMENT.groups[group] for group in EMBODIMENT.model.state},
    {group: EMBODIMENT.groups[group] for group in EMBODIMENT.model.action},
    {'ego_view': (64, 48)})


@pytest.fixture
def warnings(monkeypatch, caplog):
    """Return what training warns of; loggers made after launch_testing tell pytest nothing."""
    for module in (datasets, fine_tuning):
        logger = logging.Logger(module.__name__)
        logger.addHandler(caplog.handler)
        monkeypatch.setattr(module, 'logger', logger)
    return caplog


class MemoryDataset:
    """Episodes that were never written."""

    def __init__(self, episodes: list[Episode], layout: Layout = LAYOUT):
        self.layout = layout
        self._episodes = episodes

    def __len__(self) -> int:
        return len(self._episodes)

    def episode(self, index: int) -> Episode:
        return self._episodes[index]


def picture(view: int, number: int, width: int = 64, height: int = 48) -> np.ndarray:
    rng = np.random.default_rng((view, number))
    return rng.integers(0, 255, (height, width, 3), dtype=np.uint8)


def episode(frames: int = 40, instruction: str = 'touch the red block', seed: int = 0,
            layout: Layout = LAYOUT, pictures: int | None = None) -> Episode:
    rng = np.random.default_rng(seed)
    action = np.cumsum(rng.normal(0, 0.01, (frames, 17)), axis=0).astype(np.float32)

    def view(number: int):
        return lambda: (picture(number, index) for index in range(
            frames if pictures is None else pictures))
    return Episode(
        layout, 100.0 + np.arange(frames) / layout.fps, action - np.float32(0.01), action,
        {key: view(number) for number, key in enumerate(layout.cameras)},
        Annotation(instruction), {})


def source(episodes: list[Episode], layout: Layout = LAYOUT, embodiment=EMBODIMENT) -> Source:
    return DatasetSource(MemoryDataset(episodes, layout), embodiment, WHOLE, HORIZON,
                         show_progress=False)


@pytest.fixture
def policy(checkpoint):
    return (load_processor(checkpoint, 'unitree_g1'),
            InstructionTokenizer(checkpoint / 'tokenizer.json', 32))


def test_targets_past_the_end_of_an_episode_do_not_count():
    recorded = episode(frames=30)
    motion, = source([recorded]).motions
    assert motion.starts.tolist() == list(range(29))
    targets, valid = motion.chunk(20, HORIZON)
    np.testing.assert_array_equal(targets[:9], recorded.action[21:])
    assert valid.tolist() == [True] * 9 + [False] * 7


def test_pictures_are_prepared_as_perception_prepares_them(checkpoint, policy, tmp_path):
    processor, tokenizer = policy
    spec = dataclasses.replace(processor.images['ego_view'], crop=(0.25, 0.5, 0.5, 0.25))
    processor = dataclasses.replace(processor, images={'ego_view': spec})
    found, = source([episode()]).episodes(processor, tokenizer)
    assert found.images.shape == (40, 1, 96, 128, 3)
    for index in (0, 7, 39):
        np.testing.assert_array_equal(found.images[index, 0],
                                      prepare_image(picture(0, index), spec))
    assert found.image_of_state.tolist() == list(range(40))


def test_views_stand_in_the_order_of_the_policy(policy):
    processor, tokenizer = policy
    spec = processor.images['ego_view']
    processor = dataclasses.replace(processor, images={'wrist': spec, 'ego_view': spec})
    layout = dataclasses.replace(LAYOUT, cameras={'ego_view': (64, 48), 'wrist': (64, 48)})
    found, = source([episode(layout=layout)], layout).episodes(processor, tokenizer)
    assert found.images.shape == (40, 2, 96, 128, 3)
    np.testing.assert_array_equal(found.images[3, 0], prepare_image(picture(1, 3), spec))
    np.testing.assert_array_equal(found.images[3, 1], prepare_image(picture(0, 3), spec))


def test_the_instruction_is_read_as_the_planner_reads_it(policy):
    processor, tokenizer = policy
    found, = source([episode(instruction='Touch the RED block!')]).episodes(processor, tokenizer)
    pieces, = found.sentences
    np.testing.assert_array_equal(pieces, tokenizer.encode('touch the red block'))


def test_only_flow_matching_has_something_to_learn(config, policy):
    processor, tokenizer = policy
    read = source([episode()])
    samples = Samples(read.episodes(processor, tokenizer), processor, read.period)
    objective = Objective(Groot(config), 0, ObjectiveSettings())
    losses = objective(samples.draw(4, np.random.default_rng(0)))
    assert losses.flow > 0
    assert losses.detection == losses.grounding == 0
    objective.total(losses).backward()
    assert not objective.grounding.readout.weight.grad.any()


def test_fast_datasets_see_images_as_old_as_slow_ones(policy):
    processor, tokenizer = policy
    layout = dataclasses.replace(LAYOUT, fps=100.0)
    read = source([episode(layout=layout)], layout)
    samples = Samples(read.episodes(processor, tokenizer), processor, read.period)
    ages = {40 - 1 - samples._image_index(samples._episodes[0], 39, np.random.default_rng(seed))
            for seed in range(200)}
    assert ages == set(range(16))


def test_a_dataset_of_another_robot_is_refused():
    layout = dataclasses.replace(LAYOUT, robot='so101')
    with pytest.raises(TrainingError, match="'so101'.*'unitree_g1'.*--embodiment so101"):
        source([episode(layout=layout)], layout)


@pytest.mark.parametrize(('groups', 'message'), [
    ({'right_hand': EMBODIMENT.groups['right_hand'], 'waist': EMBODIMENT.groups['waist']},
     'state has the groups right_hand, waist, .* waist, right_arm, right_hand'),
    ({**LAYOUT.state, 'waist': EMBODIMENT.groups['waist'][::-1]},
     'state group waist is waist_pitch_joint, waist_roll_joint, .* is waist_yaw_joint, '),
])
def test_other_joints_are_refused(groups, message):
    with pytest.raises(TrainingError, match=message):
        source([], dataclasses.replace(LAYOUT, state=groups))


def test_a_missing_camera_is_refused():
    layout = dataclasses.replace(LAYOUT, cameras={'wrist': (64, 48)})
    with pytest.raises(TrainingError, match="no video 'ego_view' .*, only wrist"):
        source([episode(layout=layout)], layout)


def test_a_dataset_without_an_episode_of_one_chunk_is_refused():
    with pytest.raises(TrainingError, match='none of its 2 episodes is longer than .* 16 frames'):
        source([episode(frames=16), episode(frames=3)])


def test_a_dataset_without_episodes_is_refused():
    with pytest.raises(TrainingError, match='holds no episode'):
        source([])


def test_short_episodes_are_left_out_and_named(warnings):
    read = source([episode(frames=16), episode(frames=17), episode(frames=2)])
    assert [len(motion.state) for motion in read.motions] == [17]
    assert 'episodes 0, 2' in warnings.text


def test_an_instruction_without_words_is_refused(policy):
    read = source([episode(instruction='?!')])
    with pytest.raises(TrainingError, match='episode 0: the instruction holds no word'):
        read.episodes(*policy)


@pytest.mark.parametrize('pictures', [39, 41])
def test_a_video_of_another_length_is_refused(policy, pictures):
    read = source([episode(pictures=pictures)])
    with pytest.raises(TrainingError,
                       match=f"episode 0: video 'ego_view' has {pictures} pictures.*40 rows"):
        read.episodes(*policy)


def test_a_dataset_of_another_rate_does_not_fit_a_checkpoint(config, policy):
    with pytest.raises(TrainingError, match='every 0.03333 s, the policy acts every 0.05 s.*'
                       '--fps 20'):
        check_policy(policy[0], config, EMBODIMENT, 1 / 30)


def test_a_robot_that_moves_other_groups_does_not_fit_a_checkpoint(config, policy):
    model = dataclasses.replace(EMBODIMENT.model, action=('waist', 'right_arm'))
    other = dataclasses.replace(EMBODIMENT, model=model)
    with pytest.raises(TrainingError, match=r'model.action\[2\]: right_hand \(7\) against'):
        check_policy(policy[0], config, other, 0.05)


def test_a_model_with_another_number_of_views_is_refused(config, policy):
    backbone = dataclasses.replace(config.backbone_cfg, num_views=2)
    with pytest.raises(TrainingError, match='num_views 2.*1 cameras'):
        check_policy(policy[0], dataclasses.replace(config, backbone_cfg=backbone), EMBODIMENT,
                     0.05)


def test_another_model_than_that_of_the_checkpoint_is_refused(config, checkpoint, tmp_path):
    other = config.to_dict()
    other['action_head_cfg']['num_inference_timesteps'] = 8
    write_json(tmp_path / 'other.json', other)
    with pytest.raises(TrainingError, match=r'other\.json describes another model'):
        run_config(tmp_path / 'other.json', checkpoint)
    assert run_config(checkpoint / 'config.json', checkpoint) == config
    assert run_config(None, checkpoint) == config


def test_a_pretrained_model_has_the_weights_of_its_checkpoint_and_trains(config, checkpoint):
    model = pretrained_model(config, checkpoint)
    for name, weight in load_model(checkpoint).state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], weight, rtol=0, atol=0)
    frozen = [name for name, weight in model.named_parameters() if not weight.requires_grad]
    assert frozen == ['backbone.text.words.weight']


def test_targets_that_the_statistics_of_a_checkpoint_cut_off_are_named(policy, warnings):
    inside, outside = episode(), episode()
    outside.action[:, 15] += 5.0
    warn_of_cut_targets(source([inside]).motions, policy[0])
    assert warnings.text == ''
    warn_of_cut_targets(source([outside]).motions, policy[0])
    assert '14 % of the targets of right_hand' in warnings.text
    assert 'waist' not in warnings.text
