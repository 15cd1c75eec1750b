"""The words of the tabletop tasks: many ways to say each, and what a sentence asks for.

Two splits never share a sentence frame: `TRAIN` frames teach the policy, `HELD_OUT` frames
(with some verbs and nouns of their own) only ever test it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

COLOURS: dict[str, tuple[str, ...]] = {
    'red': ('red', 'crimson', 'scarlet', 'ruby', 'cherry', 'bright red', 'dark red'),
    'green': ('green', 'emerald', 'lime', 'grass green', 'bright green', 'dark green', 'jade'),
    'blue': ('blue', 'navy', 'azure', 'cobalt', 'sapphire', 'bright blue', 'dark blue'),
}
BINS: dict[str, tuple[str, ...]] = {
    'yellow': ('yellow', 'golden', 'amber', 'lemon', 'bright yellow', 'gold'),
    'purple': ('purple', 'violet', 'lavender', 'magenta', 'plum', 'lilac'),
}
SIDES: dict[str, tuple[str, ...]] = {
    'left': ('to the left', 'left', 'leftwards', 'towards the left', 'to your left',
             'to the left side', 'over to the left', 'to the left hand side'),
    'right': ('to the right', 'right', 'rightwards', 'towards the right', 'to your right',
              'to the right side', 'over to the right', 'to the right hand side'),
}
BLOCK_NOUNS = ('block', 'cube', 'box', 'brick', 'one', 'object', 'toy', 'piece', 'thing')
BIN_NOUNS = ('bin', 'container', 'tray', 'box', 'basket', 'bucket', 'crate', 'bowl')
VERBS: dict[str, tuple[str, ...]] = {
    'touch': ('touch', 'tap', 'poke', 'feel', 'reach', 'contact', 'point to and touch',
              'reach for', 'put your hand on', 'place a finger on', 'lay your hand on',
              'make contact with'),
    'push': ('push', 'shove', 'slide', 'nudge', 'move', 'shift', 'press', 'drag'),
    'place': ('put', 'place', 'drop', 'move', 'set', 'stow', 'deposit', 'bring', 'carry',
              'transfer', 'sort', 'throw'),
}
GRASPS = ('pick up', 'grab', 'take', 'lift', 'grasp', 'pick', 'get', 'fetch', 'collect')
POLITE = ('', '', '', 'please ', 'can you ', 'could you ', 'now ', 'i want you to ', 'robot ',
          'would you ', 'go ahead and ')
ENDINGS = ('', '', '', ' please', ' now', ' for me', ' thanks')

TRAIN_FRAMES: dict[str, tuple[str, ...]] = {
    'touch': ('{verb} the {colour} {noun}', '{verb} the {noun} that is {colour}',
              'move your hand to the {colour} {noun}', 'go to the {colour} {noun} and {verb} it',
              'the {colour} {noun} {verb} it', '{verb} the {colour}'),
    'push': ('{verb} the {colour} {noun} {side}', '{side} {verb} the {colour} {noun}',
             'take the {colour} {noun} and {verb} it {side}', '{verb} {side} the {colour} {noun}',
             'the {colour} {noun} should go {side}', 'get the {colour} {noun} to move {side}',
             '{verb} the {noun} that is {colour} {side}'),
    'place': ('{verb} the {colour} {noun} in the {bin} {bin_noun}',
              '{verb} the {colour} {noun} into the {bin} {bin_noun}',
              '{grasp} the {colour} {noun} and {verb} it in the {bin} {bin_noun}',
              '{grasp} the {colour} {noun} and {verb} it into the {bin} {bin_noun}',
              '{grasp} the {colour} {noun} then {verb} it in the {bin} {bin_noun}',
              'the {colour} {noun} goes in the {bin} {bin_noun}',
              'in the {bin} {bin_noun} {verb} the {colour} {noun}',
              '{verb} the {noun} that is {colour} in the {bin_noun} that is {bin}'),
}
HELD_OUT_FRAMES: dict[str, tuple[str, ...]] = {
    'touch': ('give the {colour} {noun} a gentle tap',
              'let your fingers touch the {colour} {noun}',
              'bring your hand down onto the {colour} {noun}',
              'find the {colour} {noun} and pat it',
              'just brush against the {colour} {noun}'),
    'push': ('give the {colour} {noun} a push {side}', 'make the {colour} {noun} slide {side}',
             'with your hand push the {colour} {noun} {side}',
             'the {colour} {noun} needs a shove {side}', 'scoot the {colour} {noun} {side}'),
    'place': ('grab the {colour} {noun} and drop it into the {bin} {bin_noun} over there',
              'make sure the {colour} {noun} ends up inside the {bin} {bin_noun}',
              'pick the {colour} {noun} up and leave it in the {bin} {bin_noun}',
              'the {bin} {bin_noun} is where the {colour} {noun} belongs',
              'clean up the {colour} {noun} by putting it into the {bin} {bin_noun}'),
}


class Split(StrEnum):
    """Which sentence frames may be drawn."""

    TRAIN = 'train'
    HELD_OUT = 'held_out'


@dataclass(frozen=True, slots=True)
class Request:
    """What an instruction asks for.

    Attributes:
        task: 'touch', 'push' or 'place'.
        block: Colour of the block.
        destination: Side for push, colour of the bin for place, empty for touch.
    """

    task: str
    block: str
    destination: str = ''


def all_requests() -> Iterator[Request]:
    """Yield every request that the tabletop tasks know."""
    for block in COLOURS:
        yield Request('touch', block)
        yield from (Request('push', block, side) for side in SIDES)
        yield from (Request('place', block, colour) for colour in BINS)


def describe(request: Request, rng: np.random.Generator, split: Split = Split.TRAIN) -> str:
    """Return one random sentence that asks for `request`."""
    frames = (TRAIN_FRAMES if split is Split.TRAIN else HELD_OUT_FRAMES)[request.task]

    def pick(words: tuple[str, ...]) -> str:
        return str(rng.choice(words))

    words = {
        'verb': pick(VERBS[request.task]), 'grasp': pick(GRASPS),
        'colour': pick(COLOURS[request.block]), 'noun': pick(BLOCK_NOUNS),
        'bin_noun': pick(BIN_NOUNS),
        'side': pick(SIDES[request.destination]) if request.task == 'push' else '',
        'bin': pick(BINS[request.destination]) if request.task == 'place' else ''}
    sentence = pick(frames).format(**words)
    return (pick(POLITE) + sentence + pick(ENDINGS)).strip()


def plain(request: Request) -> str:
    """Return the shortest clear sentence for `request`."""
    if request.task == 'touch':
        return f'touch the {request.block} block'
    if request.task == 'push':
        return f'push the {request.block} block to the {request.destination}'
    return f'put the {request.block} block in the {request.destination} bin'


def interpret(text: str) -> Request | None:
    """Return what a sentence asks for, by the words it holds; None where that is unclear.

    It judges episodes (what would be success?); the policy never sees its answer.
    """
    words = ' ' + ' '.join(re.sub(r'[^\w\s]', ' ', text.lower()).split()) + ' '
    blocks, bins, sides = (_named(words, table) for table in (COLOURS, BINS, SIDES))
    if len(blocks) != 1 or len(bins) > 1 or len(sides) > 1 or (bins and sides):
        return None
    if bins:
        return Request('place', blocks[0], bins[0])
    if sides:
        return Request('push', blocks[0], sides[0])
    return Request('touch', blocks[0])


def _named(words: str, table: dict[str, tuple[str, ...]]) -> list[str]:
    return [name for name, synonyms in table.items()
            if any(f' {synonym} ' in words for synonym in synonyms)]
