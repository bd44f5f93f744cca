"""A real run of emodist that waits at a chosen moment, where a test kills or interrupts it.

`python -m tests.held PATTERN NUMBER MARK WORDS ...` is `emodist WORDS ...`, but whoever writes the
NUMBER-th file whose place fits PATTERN, or a later one, touches MARK and waits until `MARK.go` is
there. Polling for files from outside instead loses the race on a busy machine: the run is over
before the signal comes.
"""

import contextlib
import fnmatch
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Held:
    """A run in a process of its own that stands still after some files.

    `driver` is the process; `wait()` returns once the run stands, `go()` lets it go on.
    """

    def __init__(self, mark: Path, pattern: str, number: int, *words: Any, **more: Any):
        self.mark = mark
        self.driver = subprocess.Popen(
            [sys.executable, "-m", "tests.held", pattern, str(number), str(mark), *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def wait(self, seconds: float = 300.0) -> subprocess.Popen:
        deadline = time.monotonic() + seconds
        while not self.mark.exists():
            assert self.driver.poll() is None, self.driver.communicate()
            assert time.monotonic() < deadline, "the run did not come so far"
            time.sleep(0.005)
        return self.driver

    def go(self) -> None:
        Path(f"{self.mark}.go").touch()


def holding(pattern: str, number: int, mark: Path) -> Callable[[str], None]:
    """What is called with each place that was written."""
    count, test = itertools.count(1), os.getppid()

    def written(uri: str) -> None:
        if fnmatch.fnmatch(uri, pattern) and next(count) >= number:
            mark.touch()
            while not Path(f"{mark}.go").exists():
                if os.getppid() != test:
                    # A test that failed leaves nobody waiting.
                    os._exit(1)
                time.sleep(0.005)

    return written


def main(words: list[str]) -> int:
    from emodist import cli, storage

    # A test run in the background of a shell hands down that interrupts are ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pattern, number, mark, *words = words
    written = holding(pattern, int(number), Path(mark))
    new_file, create = storage.new_file, storage.create

    @contextlib.contextmanager
    def held_new_file(uri: str):
        with new_file(uri) as path:
            yield path
        written(uri)

    def held_create(uri: str, data: bytes) -> bool:
        is_new = create(uri, data)
        written(uri)
        return is_new

    storage.new_file, storage.create = held_new_file, held_create
    return cli.main(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
