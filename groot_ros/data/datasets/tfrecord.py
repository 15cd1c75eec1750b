"""TFRecord files of tf.train.Example, without TensorFlow.

Source: tensorflow/core/lib/io/record_writer.h (framing) and tensorflow/core/example/*.proto.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from numpy.typing import NDArray

from groot_ros.data.datasets.rows_on_disk import walk

Values = NDArray[Any] | Iterable[bytes]
MASK = 0xA282EAD8
FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = 'groot_ros.tfrecord'
# Fields of each message: name, number, whether repeated, type. A map is a list of entries.
_MESSAGES = {
    'BytesList': [('value', 1, True, FIELD.TYPE_BYTES)],
    'FloatList': [('value', 1, True, FIELD.TYPE_FLOAT)],
    'Int64List': [('value', 1, True, FIELD.TYPE_INT64)],
    'Feature': [('bytes_list', 1, False, 'BytesList'), ('float_list', 2, False, 'FloatList'),
                ('int64_list', 3, False, 'Int64List')],
    'Entry': [('key', 1, False, FIELD.TYPE_STRING), ('value', 2, False, 'Feature')],
    'Features': [('feature', 1, True, 'Entry')],
    'Example': [('features', 1, False, 'Features')],
}


def _example_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name='groot_ros/tfrecord.proto', package=_PACKAGE, syntax='proto3')
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, repeated, kind in fields:
            label = FIELD.LABEL_REPEATED if repeated else FIELD.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                added.type, added.type_name = FIELD.TYPE_MESSAGE, f'.{_PACKAGE}.{kind}'
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f'{_PACKAGE}.Example'))


Example = _example_class()
"""Protocol buffer with the bytes of tf.train.Example."""


def make_example(features: Mapping[str, Values]) -> bytes:
    """Return a serialized Example.

    Args:
        features: Numbers of any shape, which are flattened, or texts and pictures as bytes.
    """
    example = Example()
    for name, values in features.items():
        feature = example.features.feature.add(key=name).value
        if not isinstance(values, np.ndarray):
            feature.bytes_list.value.extend(values)
            continue
        is_float = values.dtype.kind == 'f'
        numbers = feature.float_list.value if is_float else feature.int64_list.value
        for rows in walk(values):
            block = values[rows].ravel()
            numbers.extend((block if is_float else block.astype(np.int64)).tolist())
    return bytes(example.SerializeToString())


def write_record(file: Path, record: bytes) -> int:
    """Write a TFRecord file of one record; an interrupted run leaves none. Returns its size."""
    length = struct.pack('<Q', len(record))
    part = file.with_name(f'{file.name}.part')
    with part.open('wb') as opened:
        for chunk in (length, _checksum(length), record, _checksum(record)):
            opened.write(chunk)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
    return file.stat().st_size


def _checksum(content: bytes) -> bytes:
    """Return the masked CRC-32C of bytes."""
    crc = google_crc32c.value(content)
    return struct.pack('<I', (((crc >> 15) | (crc << 17)) + MASK) & 0xFFFFFFFF)
