"""What the evaluator understands of its command line."""

import pytest

from groot_ros.nodes.tools.evaluator import parse_arguments


def test_parameters_of_the_nodes_are_yaml_values() -> None:
    asked = parse_arguments(['--set', 'seam_mode=aggregate', 'overlap_s=0.1', 'use_rviz=false'])
    assert dict(asked.settings) == {'seam_mode': 'aggregate', 'overlap_s': 0.1, 'use_rviz': False}


def test_a_parameter_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(['--set', 'seam_mode'])
    assert "expected NAME=VALUE, got 'seam_mode'" in capsys.readouterr().err
