import io
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from groot_ros.serving.errors import CodecError
from groot_ros.serving.npy import MAGIC, read_npy, write_npy

DTYPES = st.one_of(
    arrays.boolean_dtypes(), arrays.integer_dtypes(endianness='?'),
    arrays.unsigned_integer_dtypes(endianness='?'), arrays.floating_dtypes(endianness='?'),
    arrays.unicode_string_dtypes(min_len=1, max_len=5))
SHAPES = arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)


def file_of(header: str, values: bytes = b'') -> bytes:
    """Return an .npy file of version 1.0 with any header."""
    return MAGIC + b'\x01\x00' + struct.pack('<H', len(header)) + header.encode() + values


@settings(max_examples=50)
@given(arrays.arrays(DTYPES, SHAPES), st.booleans())
def test_arrays_come_back_as_they_were(array, fortran):
    array = np.asfortranarray(array) if fortran else array
    back = read_npy(write_npy(array))
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize('array', [
    np.arange(6, dtype=np.uint8).reshape(2, 3), np.float32(0.5).reshape(()),
    np.zeros((0, 3), '>f8'), np.array([['touch', 'red']]),
    np.asfortranarray(np.arange(6).reshape(2, 3))], ids=lambda array: str(array.dtype))
def test_numpy_reads_what_is_written_and_the_other_way_round(array):
    np.testing.assert_array_equal(
        np.load(io.BytesIO(write_npy(array)), allow_pickle=False), array)
    stream = io.BytesIO()
    np.save(stream, array)
    np.testing.assert_array_equal(read_npy(stream.getvalue()), array)


@pytest.mark.parametrize('array', [
    np.array([{}], object), np.zeros(2, 'f4,i4'), np.array([b'raw']), np.array([1j]),
    np.array(['2026-01-01'], 'datetime64[D]')], ids=lambda array: str(array.dtype))
def test_only_numbers_and_text_are_sent(array):
    with pytest.raises(CodecError, match='refused'):
        write_npy(array)


def test_an_object_array_is_refused_and_nothing_of_it_runs(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / 'ran'), 'w'))

    stream = io.BytesIO()
    np.save(stream, np.array([Trap()], object), allow_pickle=True)
    with pytest.raises(CodecError, match='no objects'):
        read_npy(stream.getvalue())
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(('header', 'reason'), [
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }", 'damaged'),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -4), }", 'expected a dtype'),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (" + 9 * '1, ' + '), }', '9 dimensions'),
    ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 'complex64 is refused'),
    ("{'descr': '<f3', 'fortran_order': False, 'shape': (1,), }", 'does not know'),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 'expected a dtype'),
    ("{'fortran_order': False, 'shape': (1,), }", 'expected a dtype'),
    (1001 * ' ', 'header of 1001 bytes'),
])
def test_a_bad_header_is_refused(header, reason):
    with pytest.raises(CodecError, match=reason):
        read_npy(file_of(header, b'\x00\x00\x80\x3f'))


def test_an_empty_array_of_an_impossible_shape_is_refused():
    shape = '(0, 1' + 30 * '0' + ')'
    with pytest.raises(CodecError, match='too large'):
        read_npy(file_of("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ', }'))


@pytest.mark.parametrize('content', [b'', MAGIC, b'PK\x03\x04' + bytes(40),
                                     MAGIC + b'\x03\x00' + bytes(40)])
def test_other_files_are_refused(content):
    with pytest.raises(CodecError, match='not in .npy format'):
        read_npy(content)


@given(st.data())
def test_a_damaged_file_gives_an_array_or_a_codec_error(data):
    npy = bytearray(write_npy(np.arange(6, dtype=np.float32).reshape(2, 3)))
    for _ in range(data.draw(st.integers(1, 4))):
        npy[data.draw(st.integers(0, len(npy) - 1))] = data.draw(st.integers(0, 255))
    with suppress(CodecError):
        read_npy(bytes(npy))
