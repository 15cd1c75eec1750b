import io
import pickle
from contextlib import suppress

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from groot_ros.serving.arrays import Limits, pack, unpack
from groot_ros.serving.errors import CodecError


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def same(left, right):
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


MESSAGES = st.recursive(
    st.none() | st.booleans() | st.integers(-2**63, 2**64 - 1) | st.floats(allow_nan=False)
    | st.text() | st.binary()
    | arrays.arrays(np.float32, (2, 3), elements=st.floats(-1, 1, width=32)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5)


@settings(max_examples=25)
@given(MESSAGES)
def test_messages_come_back_as_they_were(message):
    assert same(message, unpack(pack(message)))


def test_an_array_is_a_tagged_map_on_the_wire():
    array = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    assert msgpack.unpackb(pack({'a': array})) == {
        'a': {'__ndarray_class__': True, 'as_npy': npy(array)}}


def test_a_message_truncated_anywhere_is_refused():
    frame = pack({'endpoint': 'get_action', 'data': {'state': np.zeros((1, 1, 3), np.float32)}})
    for length in range(len(frame)):
        with pytest.raises(CodecError, match='not a msgpack message'):
            unpack(frame[:length])


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_codec_error(frame):
    with suppress(CodecError):
        unpack(frame)


def test_a_message_is_measured_before_it_is_read():
    with pytest.raises(CodecError, match='17 bytes exceeds the limit of 16'):
        unpack(b'\xc1' * 17, Limits(frame_bytes=16))


@pytest.mark.parametrize('extension', [
    msgpack.ExtType(5, b'abc'), msgpack.Timestamp(0), [msgpack.Timestamp(0)]])
def test_extension_types_are_refused(extension):
    with pytest.raises(CodecError, match='extension type'):
        unpack(msgpack.packb({'a': extension}))


def test_a_message_of_many_containers_is_refused_while_it_is_read():
    nested = [[[]] * 100] * 100
    with pytest.raises(CodecError, match='more than 1000 maps and lists'):
        unpack(msgpack.packb(nested), Limits(containers=1000))
    assert unpack(msgpack.packb(nested), Limits(containers=20_000)) == nested


@pytest.mark.parametrize('frame', [
    msgpack.packb(list(range(11))), msgpack.packb(dict.fromkeys('abcdefghijk')),
    b'\xdd\xff\xff\xff\xff', b'\xdf\xff\xff\xff\xff', b'\x91' * 100_000])
def test_long_and_deep_messages_are_refused(frame):
    with pytest.raises(CodecError):
        unpack(frame, Limits(length=10))


@pytest.mark.parametrize('protocol', [2, 3, 4, 5])
def test_pickle_is_refused_and_nothing_of_it_runs(tmp_path, protocol):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / 'ran'), 'w'))

    with pytest.raises(CodecError, match='pickle'):
        unpack(pickle.dumps(Trap(), protocol))
    tagged = {'__ndarray_class__': True, 'as_npy': pickle.dumps(Trap(), protocol)}
    with pytest.raises(CodecError, match='npy'):
        unpack(msgpack.packb(tagged))
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('content', [{}, {'as_npy': 'text'}, {'as_npy': [1]}])
def test_an_array_without_bytes_is_refused(content):
    with pytest.raises(CodecError, match="'as_npy' as bytes"):
        unpack(msgpack.packb({'__ndarray_class__': True, **content}))


@pytest.mark.parametrize('value', [
    object(), {'a': np.float32(1)}, np.array([None]), {1, 2}, 2**70])
def test_what_cannot_be_sent_is_named(value):
    with pytest.raises(CodecError, match=r'cannot be sent|refused'):
        pack(value)
