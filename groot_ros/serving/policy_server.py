"""Serve a checkpoint to GR00T clients, in the protocol of NVIDIA's own policy server."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from groot_ros.model.policy import DTYPES, RUNTIMES
from groot_ros.serving.arrays import MEBIBYTE, Limits
from groot_ros.serving.checkpoint_policy import load_policy
from groot_ros.serving.errors import ServingError
from groot_ros.serving.protocol import DEFAULT_PORT, TOKEN_VARIABLE, ProtocolVersion
from groot_ros.serving.server import LOCAL_HOST, PolicyServer

_log = logging.getLogger('policy_server')


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line as values."""
    parser = argparse.ArgumentParser(prog='policy_server', description=__doc__)
    parser.add_argument('--checkpoint', required=True,
                        help='folder, name of a shipped policy, or owner/name on the Hugging '
                             'Face hub')
    parser.add_argument('--embodiment-tag', required=True, help='as the checkpoint was trained')
    parser.add_argument('--host', default=LOCAL_HOST,
                        help="address to listen on; '*' is every network interface")
    parser.add_argument('--port', type=int, default=DEFAULT_PORT, help='0 takes a free one')
    parser.add_argument('--api-token', default=os.environ.get(TOKEN_VARIABLE),
                        help=f'what clients must send; without it that of {TOKEN_VARIABLE}, '
                             'which other users of this machine cannot read')
    parser.add_argument('--version', type=ProtocolVersion, choices=list(ProtocolVersion),
                        default=ProtocolVersion.N1_7,
                        help='release that the clients were written for')
    parser.add_argument('--runtime', choices=RUNTIMES, default='auto')
    parser.add_argument('--dtype', choices=DTYPES, default='auto',
                        help='number format of the torch runtime')
    parser.add_argument('--tokenizer', type=Path,
                        help='a tokenizer.json, or its folder, for a released checkpoint without '
                             'one')
    parser.add_argument('--allow-untrained', action='store_true',
                        help='take an embodiment that the checkpoint was never trained for, '
                             'although its actions are noise')
    parser.add_argument('--threads', type=int, default=1, help='CPU threads of the model')
    parser.add_argument('--seed', type=int, default=0, help='of the noise of denoising')
    parser.add_argument('--allow-kill', action='store_true', help='let any client end the server')
    parser.add_argument('--max-message-mib', type=int, default=64,
                        help='largest request that is read [MiB]')
    return parser.parse_args(arguments)


def is_local(host: str) -> bool:
    """Return whether only this machine can reach a server that listens there."""
    return host in ('localhost', '::1') or host.startswith('127.')


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; returns the exit code."""
    options = parse_arguments(arguments)
    logging.basicConfig(level=logging.INFO, format='[%(levelname)s] %(message)s')
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        _serve(options)
    except KeyboardInterrupt:
        _log.info('stopped')
    except (ServingError, ValueError, OSError) as error:
        print(f'policy_server: {error}', file=sys.stderr)
        return 2
    return 0


def _serve(options: argparse.Namespace) -> None:
    if not is_local(options.host) and options.api_token is None:
        _log.warning('anyone who reaches %s can use this server: give --api-token, and keep the '
                     'network private, for nothing is encrypted', options.host)
    policy = load_policy(
        options.checkpoint, options.embodiment_tag, runtime=options.runtime, dtype=options.dtype,
        threads=options.threads, allow_untrained=options.allow_untrained,
        tokenizer=options.tokenizer, seed=options.seed)
    with PolicyServer(
            policy, options.version, host=options.host, port=options.port,
            api_token=options.api_token, allow_kill=options.allow_kill,
            limits=Limits(frame_bytes=options.max_message_mib * MEBIBYTE)) as server:
        _log.info('%s of %s answers %s clients on %s', options.embodiment_tag,
                  options.checkpoint, options.version, server.address)
        server.serve()


if __name__ == '__main__':
    sys.exit(main())
