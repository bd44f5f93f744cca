"""What becomes of a file of every container that is whole, cut, holed, late or streamed.

    python benchmarks/containers.py [--save]

FFmpeg writes 12 s of the same voice into each: whole; with the last 40% of the bytes cut off;
without the packets from 4 s to 6 s; with sound that begins 1.5 s after the pictures; and as to a
pipe, where no header can be completed afterwards. `keep` is the cut file under `damaged=keep`.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

import av
import record

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from emodist.audio.decode import SAMPLE_RATE, blocks
from emodist.errors import AudioError
from tests.audio.specimens import HOLE_S, KINDS, LATE_S, cut, make

CUT = 0.6


def read(path, damaged="refuse"):
    """Seconds, offset, silence put in, sound lost; or why it is refused."""
    stream = blocks(path, damaged=damaged)
    try:
        seconds = sum(map(len, stream)) / SAMPLE_RATE
    except AudioError as error:
        return {"refused": str(error).partition(": ")[2]}
    account = stream.account
    return {
        "seconds": round(seconds, 2),
        "offset_s": round(account.offset_s, 2),
        "filled_s": round(account.filled_s, 2),
        "lost_s": round(account.lost_s, 2),
    }


def found(folder, kind):
    """What becomes of a kind of file, by what happened to it."""
    whole = read(make(folder, kind))
    half = cut(make(folder, kind), CUT)
    case = {"whole": whole, "cut": read(half), "keep": read(half, "keep")}
    case["holed"] = read(make(folder, kind, hole_s=HOLE_S))
    if kind.video:
        case["late"] = read(make(folder, kind, late_s=LATE_S, with_video=True))
    # Some, FFmpeg writes only where it can go back.
    with contextlib.suppress(OSError, ValueError, av.FFmpegError):
        case["streamed"] = read(make(folder, kind, streamed=True))
    return case


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    record.add_option(parser)
    args = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            figures[kind.title] = found(Path(folder), kind)
            print(kind.title, figures[kind.title], flush=True)
    record.save(args, figures)


if __name__ == "__main__":
    main()
