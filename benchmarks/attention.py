"""Whether System 2 looks at what the instruction names, in scenes that training never showed.

    scripts/env python benchmarks/attention.py [--scenes 40] [--picture FILE.png]

Scenes of at least two blocks, from the first validation seed on, are seen from their start. Each
goal that a scene allows is asked for in its plainest sentence and in a held-out one. The named
block is compared with the other blocks, the named bin with the other bin:

densest: its pixels get more attention each than those of any other;
hottest: the hottest pixel of the whole picture lies on it;
follows: where only the name is exchanged, the centre of all attention moves its way.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, count, islice
from pathlib import Path

import cv2
import mujoco
import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parent))
from measuring import describe_load, stopwatch, time_in_turn

from groot_ros.data.instructions import Request, Split, describe, plain
from groot_ros.embodiment import load_embodiment
from groot_ros.evaluation.intervals import wilson_interval
from groot_ros.evaluation.report import format_table
from groot_ros.model.finding import find_checkpoint
from groot_ros.model.policy import System2, load_system2
from groot_ros.observation import prepare_image
from groot_ros.simulation.scenario import (
    BINS,
    COLOURS,
    FIRST_VALIDATION_SEED,
    Scenario,
    all_goals,
    draw_scenario,
)
from groot_ros.simulation.scene import HEAD_CAMERA, IMAGE_SIZES, bin_body, block_body
from groot_ros.simulation.world import TabletopWorld
from groot_ros.visualization.heat import heated, stretched
from groot_ros.visualization.overlay import annotated

Mask = NDArray[np.bool_]
Heat = NDArray[np.float64]
Point = NDArray[np.float64]

VIEW = 'ego_view'
SENTENCES = (
    'touch the red block', 'touch the blue block', 'put the green block in the yellow bin')
SCALE = 0.7
REPEATS = 50
LEAST_PIXELS = 50
"""A block that shows less is hidden by the hand."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture and where its things are.

    Attributes:
        masks: Pixels of each block and each bin, by colour.
    """

    scenario: Scenario
    picture: NDArray[np.uint8]
    masks: dict[str, Mask]

    def centre(self, colour: str) -> Point:
        """Return row and column of the middle of a thing [px]."""
        return np.argwhere(self.masks[colour]).mean(0)


@dataclass(frozen=True, slots=True)
class Look:
    """Where System 2 looked for one sentence.

    Attributes:
        densest: The named thing got most attention per pixel of its kind.
        hottest: The hottest pixel lies on it.
        named: Share of attention on it.
        others: Share of attention on the others of its kind.
        centre: Row and column of the centre of attention [px].
    """

    densest: bool
    hottest: bool
    named: float
    others: float
    centre: Point


def scenes(world: TabletopWorld) -> Iterator[Scene]:
    """Yield scenes of two or three blocks, all in sight."""
    width, height = IMAGE_SIZES[HEAD_CAMERA]
    with mujoco.Renderer(world.model, height, width) as renderer:
        renderer.enable_segmentation_rendering()
        for seed in count(FIRST_VALIDATION_SEED):
            scenario = draw_scenario(seed)
            world.reset(scenario)
            renderer.update_scene(world.data, HEAD_CAMERA)
            geoms = renderer.render()[:, :, 0]
            masks = {block.colour: _mask(world, geoms, block_body(block.colour))
                     for block in scenario.blocks}
            if len(masks) > 1 and all(mask.sum() >= LEAST_PIXELS for mask in masks.values()):
                masks |= {colour: _mask(world, geoms, bin_body(colour)) for colour in BINS}
                yield Scene(scenario, world.render(HEAD_CAMERA), masks)


def _mask(world: TabletopWorld, geoms: NDArray[np.int32], body: str) -> Mask:
    return np.isin(geoms, np.flatnonzero(world.model.geom_bodyid == world.model.body(body).id))


def heat_of(system2: System2, picture: NDArray[np.uint8], words: str) -> Heat:
    """Return the share of attention of each pixel of a picture."""
    spec = system2.processor.images[VIEW]
    cells = system2.attention({VIEW: prepare_image(picture, spec)}, words)[VIEW]
    height, width = picture.shape[:2]
    heat = stretched(cells, spec.seen_part(width, height), (height, width)).astype(float)
    return heat / heat.sum()


def judge(heat: Heat, scene: Scene, kind: Sequence[str], named: str) -> Look:
    """Return what a thing gets of the attention, beside the others of its kind."""
    masks = {colour: scene.masks[colour] for colour in kind if colour in scene.masks}
    density = {colour: heat[mask].mean() for colour, mask in masks.items()}
    return Look(
        densest=max(density, key=lambda colour: density[colour]) == named,
        hottest=bool(masks[named].flat[heat.argmax()]), named=heat[masks[named]].sum(),
        others=sum(heat[mask].sum() for colour, mask in masks.items() if colour != named),
        centre=np.array([(heat * axis).sum() for axis in np.mgrid[:heat.shape[0],
                                                                  :heat.shape[1]]]))


class Tally:
    """What was found of one kind of thing, task and sentence."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self.follows: list[bool] = []

    def add(self, scene: Scene, looks: dict[str, Look]) -> None:
        """Count what was found in a scene when one name after the other was called."""
        self.looks += looks.values()
        for (one, first), (other, second) in combinations(looks.items(), 2):
            way = scene.centre(other) - scene.centre(one)
            self.follows.append(bool((second.centre - first.centre) @ way > 0))

    def row(self) -> Sequence[str]:
        """Return the cells of the table."""
        answers = ([each.densest for each in self.looks], [each.hottest for each in self.looks],
                   self.follows)
        shares = (100 * np.mean([getattr(each, name) for each in self.looks])
                  for name in ('named', 'others'))
        return *map(_rate, answers), *(f'{share:.1f}' for share in shares)


def _rate(answers: Sequence[bool]) -> str:
    if not answers:
        return ''
    interval = wilson_interval(sum(answers), len(answers))
    return (f'{sum(answers)} of {len(answers)} '
            f'({100 * interval.lower:.0f}-{100 * interval.upper:.0f} %)')


def measure(system2: System2, found: Iterable[Scene]) -> dict[tuple[str, str, str], Tally]:
    """Ask for everything in every scene; returns tallies by task, kind of thing and sentence."""
    tallies: dict[tuple[str, str, str], Tally] = defaultdict(Tally)
    for scene in found:
        rng = np.random.default_rng(scene.scenario.seed)
        looks: dict[tuple[str, str, str], dict[str, dict[str, Look]]] = defaultdict(
            lambda: defaultdict(dict))
        for goal in all_goals(scene.scenario):
            request = Request(goal.task, goal.target_block, goal.destination)
            for words, sentence in (('plain', plain(request)),
                                    ('held-out', describe(request, rng, Split.HELD_OUT))):
                heat = heat_of(system2, scene.picture, sentence)
                # By what is the same while the name is exchanged.
                looks[goal.task, 'block', words][goal.destination][goal.target_block] = judge(
                    heat, scene, COLOURS, goal.target_block)
                if goal.destination in BINS:
                    looks[goal.task, 'bin', words][goal.target_block][goal.destination] = judge(
                        heat, scene, BINS, goal.destination)
        for key, groups in looks.items():
            for group in groups.values():
                tallies[key].add(scene, group)
    return tallies


def drawn(system2: System2, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return overlays of a picture side by side, one for each of SENTENCES."""
    spec = system2.processor.images[VIEW]
    part = spec.seen_part(picture.shape[1], picture.shape[0])
    prepared = {VIEW: prepare_image(picture, spec)}
    row = np.hstack([
        annotated(heated(picture, system2.attention(prepared, words)[VIEW], part), [words])
        for words in SENTENCES])
    return cv2.resize(row, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)


def print_times(system2: System2, picture: NDArray[np.uint8]) -> None:
    """Measure and print how long attention and goal tokens take."""
    prepared = {VIEW: prepare_image(picture, system2.processor.images[VIEW])}
    times = time_in_turn({
        'attention': stopwatch(lambda: system2.attention(prepared, SENTENCES[0])),
        'goal tokens': stopwatch(lambda: system2.encode(prepared, SENTENCES[0]))}, REPEATS)
    print(describe_load(), *(f'{name}: median {1e3 * taken.median:.1f} ms'
                             for name, taken in times.items()), sep=', ')


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--scenes', type=int, default=40)
    parser.add_argument('--checkpoint', default='g1_tabletop')
    parser.add_argument('--picture', type=Path, help='write one scene under several sentences')
    asked = parser.parse_args()
    tag = load_embodiment('unitree_g1').model.embodiment_tag
    system2 = load_system2(find_checkpoint(asked.checkpoint), tag)
    with TabletopWorld() as world:
        found = list(islice(scenes(world), asked.scenes))
    if asked.picture:
        scene = next(each for each in found if len(each.scenario.blocks) == len(COLOURS))
        cv2.imwrite(str(asked.picture), drawn(system2, scene.picture)[:, :, ::-1])
    print_times(system2, found[0].picture)
    tallies = measure(system2, found)
    print(f'{asked.scenes} scenes')
    print(format_table(
        ('task', 'named', 'words', 'densest', 'hottest', 'follows', 'on it [%]',
         'on the others [%]'),
        [(*key, *tallies[key].row()) for key in sorted(tallies)]))


if __name__ == '__main__':
    main()
