"""The language of the tasks: sentences say what they mean, and splits do not leak."""

import numpy as np
import pytest

from groot_ros.data.instructions import (
    HELD_OUT_FRAMES,
    TRAIN_FRAMES,
    Request,
    Split,
    all_requests,
    describe,
    interpret,
    plain,
)


@pytest.mark.parametrize('split', list(Split))
@pytest.mark.parametrize('request_', list(all_requests()), ids=str)
def test_every_sentence_is_understood_as_what_it_was_made_from(request_, split):
    rng = np.random.default_rng(0)
    for _ in range(200):
        sentence = describe(request_, rng, split)
        assert interpret(sentence) == request_, sentence


@pytest.mark.parametrize('request_', list(all_requests()), ids=str)
def test_plain_sentences_are_understood(request_):
    assert interpret(plain(request_)) == request_


def test_no_sentence_frame_is_in_both_splits():
    for task, frames in TRAIN_FRAMES.items():
        assert not set(frames) & set(HELD_OUT_FRAMES[task])


def test_held_out_sentences_are_never_drawn_for_training():
    rng = np.random.default_rng(0)
    request = Request('place', 'red', 'yellow')
    train = {describe(request, rng) for _ in range(3000)}
    held_out = {describe(request, rng, Split.HELD_OUT) for _ in range(3000)}
    assert len(train) > 2000
    assert not train & held_out


@pytest.mark.parametrize('text', [
    'dance for me', 'touch the red block or the blue one', 'push the red block left and right',
    'put the green cube in the yellow or the purple bin'])
def test_an_unclear_sentence_is_not_guessed_at(text):
    assert interpret(text) is None


def test_free_words_from_the_field():
    text = 'Grab the crimson cube, and drop it into the yellow container!'
    assert interpret(text) == Request('place', 'red', 'yellow')
