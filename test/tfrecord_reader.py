"""TFRecord files of one tf.train.Example, read with the protobuf library: the writer's oracle."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from numpy.typing import NDArray

FIELD = descriptor_pb2.FieldDescriptorProto
PACKAGE = 'groot_ros.tfrecord'
# Fields of each message: name, number, whether repeated, type. A map is a list of entries.
MESSAGES = {
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
        name='groot_ros/tfrecord.proto', package=PACKAGE, syntax='proto3')
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, repeated, kind in fields:
            label = FIELD.LABEL_REPEATED if repeated else FIELD.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                added.type, added.type_name = FIELD.TYPE_MESSAGE, f'.{PACKAGE}.{kind}'
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f'{PACKAGE}.Example'))


Example = _example_class()
"""Protocol buffer with the bytes of tf.train.Example."""


def read_record(file: Path) -> bytes:
    """Return the one record of a file; every checksum is looked at."""
    content = file.read_bytes()
    (length,) = struct.unpack('<Q', content[:8])
    record = content[12:12 + length]
    assert len(content) == 16 + length
    for part, masked in ((content[:8], content[8:12]), (record, content[12 + length:])):
        rotated = (struct.unpack('<I', masked)[0] - 0xA282EAD8) % 2**32
        assert google_crc32c.value(part) == (rotated << 15 | rotated >> 17) % 2**32
    return record


def read_features(file: Path) -> dict[str, Any]:
    """Return the features of the one record of a file by name."""
    return {entry.key: entry.value for entry in
            Example.FromString(read_record(file)).features.feature}


def serialize(features: Mapping[str, NDArray[Any] | list[bytes]]) -> bytes:
    """Return the Example that the protobuf library makes of numbers and bytes."""
    example = Example()
    for name, values in features.items():
        feature = example.features.feature.add(key=name).value
        if not isinstance(values, np.ndarray):
            feature.bytes_list.value.extend(values)
        elif values.dtype.kind == 'f':
            feature.float_list.value.extend(values.ravel().tolist())
        else:
            feature.int64_list.value.extend(values.astype(np.int64).ravel().tolist())
    return bytes(example.SerializeToString())
