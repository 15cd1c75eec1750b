"""Which of Fast DDS's transports the launched nodes use."""

import os
from pathlib import Path

import pytest

from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_killing import find_process
from groot_ros.nodes.tools.graph_process import Domain, GraphProcess

START_S = 120.0


@pytest.mark.skipif(
    os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp') != 'rmw_fastrtps_cpp',
    reason='looks for the shared memory of Fast DDS')
@pytest.mark.parametrize(('respawn', 'shares'), [('true', False), ('false', True)])
def test_what_comes_back_when_it_died_shares_no_memory(
    respawn: str, shares: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed process would leave it such that cameras send no image any more."""
    # With LOCALHOST rmw_fastrtps shares memory whatever it is told.
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    monkeypatch.delenv('FASTDDS_BUILTIN_TRANSPORTS', raising=False)
    domain = Domain()
    arguments = {'nodes': 'perception', 'simulation': 'false', 'use_respawn': respawn}
    with (
        GraphProcess(domain.number, arguments, {}, tmp_path, discovery='SUBNET') as process,
        GraphClient(domain.number, process.check) as client,
    ):
        client.spin_until(
            lambda: 'perception' in client.node.get_node_names(), START_S, 'perception')
        number = find_process(domain.number, 'groot_ros/perception')
        assert ('/dev/shm/fastrtps' in Path(f'/proc/{number}/maps').read_text()) == shares
    domain.close()
