"""The table of annotations of one bag, as `annotations.read_table` reads it."""

from __future__ import annotations

import csv
from pathlib import Path

from groot_ros.data.datasets.annotations import COLUMNS, OPTIONAL_COLUMNS
from groot_ros.data.datasets.episode import Annotation
from groot_ros.data.datasets.errors import DatasetError


def write_table(file: Path, bag: str, annotation: Annotation) -> None:
    """Write what was told during all of a bag.

    Raises:
        DatasetError: If a text holds a semicolon, which separates texts in the table.
    """
    for text in (*annotation.tags, *(goal.text for goal in annotation.sub_goals)):
        if ';' in text:
            raise DatasetError(f"'{text}' cannot be kept in {file.name}: it separates texts by "
                               'semicolons, change it in the dataset')
    steps = [f'{goal.start_s:.9f}-{goal.end_s:.9f} {goal.text}' for goal in annotation.sub_goals]
    with file.open('w', newline='', encoding='utf-8') as opened:
        rows = csv.writer(opened)
        rows.writerow(COLUMNS + OPTIONAL_COLUMNS)
        rows.writerow([bag, '0', '', annotation.instruction, '; '.join(steps),
                       '; '.join(annotation.tags)])
