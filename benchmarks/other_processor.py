"""How far the commands of an exact replay are from the recorded ones on another processor.

    scripts/env --with data python benchmarks/other_processor.py [--cpu max] [--json FILE]

All processes of the replay run in QEMU's user-mode emulation (`apt install qemu-user`), whose
processors have no AVX-512: the libraries choose other kernels there, and numbers are rounded
elsewhere. The reference is the bag, recorded on a real processor. Takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent))
from measuring import write_results

from groot_ros.evaluation.report import format_table
from groot_ros.nodes.tools.graph_process import Domain, interrupt_on_termination

EMULATOR = 'qemu-x86_64'
SHIPPED_BAG = Path(__file__).resolve().parent.parent / 'test' / 'bags' / 'unitree_g1'
ALLOWED_RAD = 1e-5
FEATURES = 'from numpy._core._multiarray_umath import __cpu_features__ as cpu; ' \
    'print(*(name for name in ("SSE42", "AVX2", "FMA3", "AVX512F") if cpu[name]))'

# Emulation cannot choose the interface of multicast (QEMU 7.2), and Fast DDS gives up then.
SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

int setsockopt(int socket, int level, int option, const void *value, socklen_t size)
{
  typedef int (*function)(int, int, int, const void *, socklen_t);
  if (level == IPPROTO_IP && option == IP_MULTICAST_IF) {return 0;}
  return ((function)dlsym(RTLD_NEXT, "setsockopt"))(socket, level, option, value, size);
}
"""
# So participants are looked for one by one.
PEERS = """<?xml version="1.0" encoding="UTF-8" ?>
<dds xmlns="http://www.eprosima.com"><profiles>
  <transport_descriptors><transport_descriptor>
    <transport_id>udp</transport_id><type>UDPv4</type>
    <maxInitialPeersRange>30</maxInitialPeersRange>
  </transport_descriptor></transport_descriptors>
  <participant profile_name="peers" is_default_profile="true"><rtps>
    <userTransports><transport_id>udp</transport_id></userTransports>
    <useBuiltinTransports>false</useBuiltinTransports>
    <builtin><initialPeersList><locator><udpv4>
      <address>127.0.0.1</address>
    </udpv4></locator></initialPeersList></builtin>
  </rtps></participant>
</profiles></dds>
"""


class EmulatedPython:
    """A Python that runs on an emulated processor, and starts its children there.

    Attributes:
        program: Takes the place of `python3`.
        environment: What its processes need.

    Args:
        folder: Where it is made.
        cpu: A name that `qemu-x86_64 -cpu help` lists.
    """

    def __init__(self, folder: Path, cpu: str) -> None:
        self.program = folder / 'python3'
        shim, source = folder / 'shim.so', folder / 'shim.c'
        source.write_text(SHIM)
        subprocess.run(['cc', '-shared', '-fPIC', '-o', shim, source, '-ldl'], check=True)
        self.program.write_text(
            '#!/bin/sh\n'
            f'exec {EMULATOR} -E LD_PRELOAD={shim} -cpu {cpu} {sys.executable} "$@"\n')
        self.program.chmod(0o755)
        (folder / 'sitecustomize.py').write_text(
            f'import sys\nsys.executable = {str(self.program)!r}\n')
        peers = folder / 'peers.xml'
        peers.write_text(PEERS)
        self.environment = {
            'FASTRTPS_DEFAULT_PROFILES_FILE': str(peers),
            'PYTHONPATH': os.pathsep.join([str(folder), os.environ.get('PYTHONPATH', '')])}

    def features(self) -> str:
        """Return which of some instruction sets it has."""
        return subprocess.run(
            [self.program, '-c', FEATURES], check=True, stdout=subprocess.PIPE,
            text=True).stdout.strip()


def replay(bag: Path, python: EmulatedPython, folder: Path) -> dict[str, Any]:
    """Replay `bag` with every process emulated; returns what the report says."""
    domain = Domain()
    try:
        subprocess.run(
            ['ros2', 'launch', 'groot_ros', 'replay.launch.py', f'bag:={bag}',
             f'report:={folder}', f'launch-prefix:={python.program}'],
            env=os.environ | python.environment | {'ROS_DOMAIN_ID': str(domain.number)},
            stdout=sys.stderr, check=False)
    finally:
        domain.close()
    found: dict[str, Any] = json.loads((folder / 'replay.json').read_text())
    return found


def main() -> int:
    """Replay on the emulated processor, print the table, and fail beyond what is allowed."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('--cpu', default='max', help='processor, see qemu-x86_64 -cpu help')
    parser.add_argument('--bag', type=Path, default=SHIPPED_BAG)
    parser.add_argument('--json', type=Path, help='write the results there')
    arguments = parser.parse_args()
    if shutil.which(EMULATOR) is None:
        print(f'{EMULATOR} is not installed: apt install qemu-user', file=sys.stderr)
        return 2
    interrupt_on_termination()
    with tempfile.TemporaryDirectory() as folder:
        python = EmulatedPython(Path(folder), arguments.cpu)
        features = python.features()
        print(f'instruction sets of the emulated processor: {features}')
        started = time.monotonic()
        found = replay(arguments.bag, python, Path(folder))
        print(f'replayed in {time.monotonic() - started:.0f} s')
    worst = max(found['joints'], key=lambda joint: joint['max_error'])
    print(format_table(
        ('commands', 'largest error [rad]', 'of', 'allowed', 'equal to the last bit'),
        [(str(sum(each['replayed'] for each in found['outputs'].values())),
          f'{worst["max_error"]:.1e}', worst['joint'], f'{ALLOWED_RAD:.0e}',
          str(found['identical']))]))
    write_results(arguments.json, {'cpu': arguments.cpu, 'features': features}, [found])
    return int(not found['passed'] or worst['max_error'] > ALLOWED_RAD)


if __name__ == '__main__':
    sys.exit(main())
