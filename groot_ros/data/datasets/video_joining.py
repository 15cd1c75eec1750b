"""Several videos as one file, without encoding them again."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av


def join_videos(target: Path, parts: Sequence[tuple[Path, int]], fps: float) -> None:
    """Write videos one after another; frame k of all is shown from exactly k / fps on.

    Args:
        target: The new MP4 file; an interrupted run leaves none.
        parts: Videos of one encoding, each with the number of its frames.
        fps: Frames per second.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f'{target.name}.part')
    rate = Fraction(fps).limit_denominator(1001)
    first = 0
    with av.open(str(partial), 'w', format='mp4') as joined:
        stream: av.VideoStream | None = None
        for path, frames in parts:
            with av.open(str(path)) as video:
                source = video.streams.video[0]
                if stream is None:
                    stream = joined.add_stream_from_template(source, opaque=True)
                shift = round(first / rate / source.time_base)
                for packet in video.demux(source):
                    if packet.pts is None:
                        continue  # the end of the stream
                    packet.pts += shift
                    packet.dts = packet.pts if packet.dts is None else packet.dts + shift
                    packet.stream = stream
                    joined.mux(packet)
            first += frames
    partial.replace(target)
