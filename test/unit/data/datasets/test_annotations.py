"""Instructions from a table, from the bag, or by hand."""

import pytest

from groot_ros.data.datasets.annotations import Language, Row, read_table, within
from groot_ros.data.datasets.episode import Annotation, SubGoal
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.scanning import Said

SECOND = 10**9
HEADER = 'bag,start_s,end_s,instruction,sub_goals,tags\n'


def table(tmp_path, text):
    file = tmp_path / 'annotations.csv'
    file.write_text(text)
    return read_table(file)


def test_a_table_gives_instructions_steps_and_tags(tmp_path):
    found = table(tmp_path, HEADER + (
        'a,0,2.5,"pick it, then hold",0-1 reach; 1-2.5 grasp,slow;left\na,2.5,,put it down,,\n'))
    assert found['a'] == [
        Row(0.0, 2.5, Annotation('pick it, then hold', (
            SubGoal(0.0, 1.0, 'reach'), SubGoal(1.0, 2.5, 'grasp')), ('slow', 'left'))),
        Row(2.5, float('inf'), Annotation('put it down'))]


def test_a_table_of_a_spreadsheet_may_begin_with_a_byte_order_mark(tmp_path):
    assert table(tmp_path, '\ufeffbag,start_s,end_s,instruction\na,0,1,go\n')['a']


@pytest.mark.parametrize(('text', 'said'), [
    ('bag,start_s,end_s\n', "no column 'instruction'"),
    ('bag,start_s,end_s,instruction,colour\n', "column 'colour' is unknown"),
    (HEADER + 'a,0,1,,,\n', ':2: instruction is empty'),
    (HEADER + 'a,x,1,go,,\n', ":2: start_s must be seconds, got 'x'"),
    (HEADER + 'a,2,1,go,,\n', ':2: end_s 1.0 must be after start_s 2.0'),
    (HEADER + 'a,nan,1,go,,\n', ':2: start_s must be seconds'),
    (HEADER + 'a,0,1,go,reach,\n', ":2: sub-goal 'reach' must read"),
    (HEADER + 'a,0,2,go,,\na,1,3,stop,,\n', ':3: starts at 1.0 s, before')])
def test_a_wrong_table_is_refused_with_its_line(tmp_path, text, said):
    with pytest.raises(DatasetError, match=said):
        table(tmp_path, text)


def test_what_was_said_holds_until_the_next(tmp_path):
    said = [Said(5 * SECOND, 'go'), Said(8 * SECOND, ''), Said(9 * SECOND, 'stop')]
    told = Language(tags=('x',)).of('a', said, 'task', 0)
    assert [(each.start // SECOND, each.end // SECOND, each.annotation.instruction)
            for each in told[:1]] == [(5, 8, 'go')]
    assert (told[1].start, told[1].annotation) == (9 * SECOND, Annotation('stop', (), ('x',)))


def test_by_hand_comes_before_the_table_the_bag_and_its_task(tmp_path):
    rows = {'a': [Row(1.0, 2.0, Annotation('table'))]}
    said = [Said(0, 'bag')]

    def first(language, bag, said, task):
        return language.of(bag, said, task, 0)[0].annotation.instruction

    assert first(Language('hand', rows), 'a', said, 'task') == 'hand'
    assert first(Language(table=rows), 'a', said, 'task') == 'table'
    assert first(Language(table=rows), 'b', said, 'task') == 'bag'
    assert first(Language(), 'b', [], 'task') == 'task'
    assert Language().of('b', [], '', 0) == []


def test_steps_are_cut_to_the_episode_and_count_from_its_start():
    steps = (SubGoal(0.0, 2.0, 'a'), SubGoal(2.0, 3.0, 'b'), SubGoal(5.0, 9.0, 'c'))
    assert within(Annotation('go', steps), 1.0, 5.0).sub_goals == (
        SubGoal(0.0, 1.0, 'a'), SubGoal(1.0, 2.0, 'b'))
