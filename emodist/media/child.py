"""A child process that does the work on recordings, and may die of it.

A file that crashes the decoder, or makes it hang, costs the child and one row of `failures`, not
the worker and its other files. The child writes rows to files, and only small messages pass from
it to the worker. It knows neither Ray nor the driver: it is `python -m emodist.media.child FD` and
talks over that socket. It ends itself when its parent is gone.
"""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from emodist.errors import EmodistError, FileTimeoutError, ProcessDiedError, UnexpectedError
from emodist.media.settings import MediaSettings
from emodist.plugins.folders import told
from emodist.storage import NO_SPACE

START_TIMEOUT_S = 300.0
# Signs of life that say nothing else are sent so often.
ALIVE_EVERY_S = 0.1
# After the last message of a request; it is the same object on both sides of a pipe.
END = ...


class Child:
    """Runs a stage in a process of its own, and makes a new one when that is lost.

    Parameters
    ----------
    make : function of a module
        Called with the settings, in the child; gives what is called with each request and yields
        messages, None being a mere sign of life.
    settings : MediaSettings
        Of the job; also after how many seconds without a message a file is given up.
    memory_gb : float, optional
        What the process may use besides what it has when the stage is made.
    """

    def __init__(
        self,
        make: Callable[[Any], Callable[[Any], Iterator[Any]]],
        settings: MediaSettings,
        memory_gb: float | None = None,
    ):
        self._make = make
        self._memory_gb = memory_gb
        self._settings = settings
        self._live: tuple[subprocess.Popen, Connection] | None = None

    def run(self, request: Any) -> Iterator[Any]:
        """What the stage yields for a request.

        Raises
        ------
        EmodistError
            As the stage raised it, or what became of the process.
        OSError
            If the stage found no space left.
        """
        process, pipe = self._live or (None, None)
        if process is None or pipe is None or process.poll() is not None:
            process, pipe = self._start()
        _send(pipe, request)
        try:
            limit_s = self._settings.file_timeout_s
            while (message := self._receive(process, pipe, limit_s)) is not END:
                yield message
        except GeneratorExit:
            self.close()
            raise

    def close(self) -> None:
        """End the process; the next recording gets a new one."""
        if self._live is None:
            return
        process, pipe = self._live
        # The group holds what the child started, as moviepy's ffmpeg.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        pipe.close()
        self._live = None

    def _start(self) -> tuple[subprocess.Popen, Connection]:
        self.close()
        pipe, theirs = Pipe()
        # A group of its own: Ctrl-C in the terminal is for the driver, which ends its children.
        process = subprocess.Popen(
            [sys.executable, "-m", "emodist.media.child", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=2,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            process_group=0,
        )
        theirs.close()
        self._live = process, pipe
        _send(pipe, (self._make, self._settings, self._memory_gb))
        # The clock of the first file starts when the imports are done.
        self._receive(process, pipe, START_TIMEOUT_S)
        return process, pipe

    def _receive(self, process: subprocess.Popen, pipe: Connection, timeout_s: float) -> Any:
        if not pipe.poll(timeout_s):
            self.close()
            raise FileTimeoutError(
                f"no sound for {timeout_s:g} s: the decoder hangs on this file, or the file is "
                "too slow to read (file_timeout_s)"
            )
        try:
            message = pipe.recv()
        except (EOFError, ConnectionResetError):
            status = process.wait()
            self.close()
            how = signal.Signals(-status).name if status < 0 else f"exit code {status}"
            raise ProcessDiedError(f"the process that worked on this file died ({how})") from None
        if isinstance(message, Exception):
            raise message
        return message


def _send(pipe: Connection, request: Any) -> None:
    # A child that died is noticed when its answer is read.
    with contextlib.suppress(BrokenPipeError):
        pipe.send(request)


def serve(pipe: Connection) -> None:
    """The child's side: make the stage, then work until the parent hangs up."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        # This imports the stage, which is slow, and the watch over the parent stands already.
        make, settings, memory_gb = pipe.recv()
        stage = make(settings)
        if memory_gb is not None:
            _limit_memory(memory_gb)
    except (EOFError, ConnectionResetError):
        raise
    except Exception as error:
        pipe.send(error if isinstance(error, EmodistError) else UnexpectedError(told(error)))
        return
    pipe.send("ready")
    while True:
        request = pipe.recv()
        try:
            sent_s = time.monotonic()
            for message in stage(request):
                if message is not None or time.monotonic() - sent_s > ALIVE_EVERY_S:
                    pipe.send(message)
                    sent_s = time.monotonic()
            pipe.send(END)
        except EmodistError as error:
            pipe.send(error)
        except BrokenPipeError:
            raise
        except Exception as error:
            is_full = isinstance(error, OSError) and error.errno in NO_SPACE
            pipe.send(error if is_full else UnexpectedError(told(error)))


def _limit_memory(more_gb: float) -> None:
    """Have what asks for too much fail with a MemoryError, before the machine swaps or kills."""
    # Elsewhere than on Linux, only memory that hardly anybody asks for counts as data.
    if sys.platform != "linux":
        return
    with open("/proc/self/status") as file:
        used = next(int(line.split()[1]) << 10 for line in file if line.startswith("VmData"))
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = used + int(more_gb * 1e9)
    if most == resource.RLIM_INFINITY or limit < most:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    # Under its own name: errors made in `__main__` could not be unpickled by the parent.
    from emodist.media.child import serve
    from emodist.tables import arrow

    arrow.without_pandas()
    with contextlib.suppress(EOFError, ConnectionResetError, BrokenPipeError):
        serve(Connection(int(sys.argv[1])))
