"""What the evaluator understands of its command line, and what it does without its workers."""

import multiprocessing
import os

import pytest

from groot_ros.nodes.tools.evaluation_graphs import next_result
from groot_ros.nodes.tools.evaluator import main, parse_arguments
from groot_ros.nodes.tools.graph_process import GraphError


def test_parameters_of_the_nodes_are_yaml_values() -> None:
    asked = parse_arguments(['--set', 'seam_mode=aggregate', 'overlap_s=0.1', 'use_rviz=false'])
    assert dict(asked.settings) == {'seam_mode': 'aggregate', 'overlap_s': 0.1, 'use_rviz': False}


def test_a_parameter_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(['--set', 'seam_mode'])
    assert "expected NAME=VALUE, got 'seam_mode'" in capsys.readouterr().err


@pytest.mark.parametrize('arguments', [
    ['--episodes', '0'], ['--workers', '0'], ['--set', 'seam_mode=[']])
def test_what_cannot_be_run_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(('arguments', 'complaint'), [
    (['--first-seed', '5'], 'seed 5 may be in the training data'),
    (['--checkpoint', '/nowhere'], "checkpoint '/nowhere' is neither")])
def test_seeds_and_checkpoints_that_are_none_are_named(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(f'evaluator: {complaint}')


@pytest.mark.parametrize('code', [0, 3])
def test_a_worker_that_ends_is_not_waited_for(code: int) -> None:
    context = multiprocessing.get_context('spawn')
    queue, worker = context.Queue(), context.Process(target=os._exit, args=(code,))
    worker.start()
    with pytest.raises(GraphError, match=rf'before its last episode \(exit codes \[{code}\]'):
        next_result(queue, [worker])


def test_what_a_worker_sent_before_it_ended_is_taken() -> None:
    context = multiprocessing.get_context('spawn')
    queue = context.Queue()
    worker = context.Process(target=queue.put, args=('the graph ended',))
    worker.start()
    worker.join()
    assert next_result(queue, [worker]) == 'the graph ended'
