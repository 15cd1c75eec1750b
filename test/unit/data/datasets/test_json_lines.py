"""Records that survive the death of the process that wrote them."""

import json

import pytest

from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.json_lines import JsonLines

RECORDS = [{'number': 0, 'text': 'Blöcke'}, {'number': 1, 'text': '{"'}, {'number': 2}]


@pytest.fixture
def file(tmp_path):
    lines = JsonLines(tmp_path / 'lines.jsonl')
    for record in RECORDS:
        lines.append(record)
    return tmp_path / 'lines.jsonl'


def test_records_come_back_and_no_line_is_blank(file):
    assert JsonLines(file).records == RECORDS
    assert [json.loads(line) for line in file.read_text().split('\n')] == RECORDS


def test_a_file_cut_off_at_any_byte_keeps_its_whole_records(file):
    content = file.read_bytes()
    ends = [content.index(b'\n'), content.rindex(b'\n'), len(content)]
    for size in range(len(content) + 1):
        file.write_bytes(content[:size])
        assert JsonLines(file).records == RECORDS[:sum(end <= size for end in ends)]
        lines = JsonLines(file)
        lines.append({'number': 9})
        assert JsonLines(file).records[-1] == {'number': 9}


def test_later_records_can_be_removed(file):
    JsonLines(file).keep(1)
    assert JsonLines(file).records == RECORDS[:1]


def test_damage_in_the_middle_is_no_cut(file):
    file.write_text('{"a": 1}\n{"b"\n{"c": 3}')
    with pytest.raises(DatasetError, match=':2 is no JSON'):
        JsonLines(file)
