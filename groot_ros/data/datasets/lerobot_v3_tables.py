"""Tables about the episodes and tasks of a LeRobot v3.0 dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from groot_ros.data.datasets.packed_files import CHUNK
from groot_ros.data.datasets.picture_statistics import Histogram
from groot_ros.data.datasets.statistics import Statistics, joined
from groot_ros.data.datasets.stored_columns import read_parts


def table_statistics(files: Sequence[Path]) -> dict[str, Statistics]:
    """Return min, max, mean, std, count and quantiles of each column over all frames of files."""
    frames = sum(pq.read_metadata(file).num_rows for file in files)
    return {name: joined(map(_summarize, read_parts(files, name))) | {'count': [frames]}
            for name in pq.read_schema(files[0]).names}


def picture_statistics(histogram: Histogram, frames: int) -> Statistics:
    """Return the statistics of the pictures of a camera, of shape (3, 1, 1)."""
    summary = {name: values.tolist() for name, values in histogram.summary().items()}
    return summary | {'count': [frames]}


def tasks_table(tasks: Sequence[str]) -> pa.Table:
    """Return the table of tasks; for pandas, which readers use, the texts are its index."""
    table = pa.table({'task_index': pa.array(range(len(tasks)), pa.int64()),
                      'task': pa.array(tasks, pa.string())})
    kinds = (('task_index', 'int64', 'int64'), ('task', 'unicode', 'object'))
    described = {'index_columns': ['task'], 'column_indexes': [], 'columns': [
        {'name': name, 'field_name': name, 'pandas_type': kind, 'numpy_type': stored,
         'metadata': None} for name, kind, stored in kinds]}
    return table.replace_schema_metadata({'pandas': json.dumps(described)})


def episodes_table(records: Sequence[Mapping[str, Any]], fps: float) -> pa.Table:
    """Return one row per episode: where its frames and pictures are, and its statistics.

    Args:
        records: Length, task, files and statistics of each episode, in order.
        fps: Frames per second.
    """
    rows: list[dict[str, Any]] = []
    first = 0
    ends: dict[tuple[str, int], int] = {}
    for number, record in enumerate(records):
        length = record['length']
        row = {'episode_index': number, 'tasks': [record['task']], 'length': length,
               'dataset_from_index': first, 'dataset_to_index': first + length,
               'meta/episodes/chunk_index': 0, 'meta/episodes/file_index': 0}
        for source, file in record['files'].items():
            row[f'{source}/chunk_index'], row[f'{source}/file_index'] = divmod(file, CHUNK)
            if source != 'data':
                start = ends.get((source, file), 0)
                ends[source, file] = start + length
                row[f'{source}/from_timestamp'] = start / fps
                row[f'{source}/to_timestamp'] = (start + length) / fps
        for name, statistics in record['statistics'].items():
            row |= {f'stats/{name}/{key}': value for key, value in statistics.items()}
        rows.append(row)
        first += length
    return pa.Table.from_pylist(rows)


def _summarize(stored: NDArray[Any]) -> Statistics:
    values = stored.astype(np.float64)
    quantiles = {f'q{percent:02}': np.quantile(values, percent / 100.0, axis=0)
                 for percent in (1, 10, 50, 90, 99)}
    found = {'min': values.min(axis=0), 'max': values.max(axis=0), 'mean': values.mean(axis=0),
             'std': values.std(axis=0), **quantiles}
    return {name: each.tolist() for name, each in found.items()}
