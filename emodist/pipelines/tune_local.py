"""Trials on this machine in a pool of processes, without Ray: a sweep starts at once."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from emodist.errors import EmodistError
from emodist.sweeps import trials
from emodist.sweeps.trials import Row, Stepwise, Sweep

# Of this process, set as it begins.
_kind: Stepwise


def work(
    kind: Stepwise, sweep: Sweep, n_workers: int, steps_per_process: int | None = None
) -> None:
    """All trials that wait; each step is a task, so that pruning is decided here.

    Raises
    ------
    EmodistError
        If a process was killed; finished trials stay finished.
    """
    # Threads of BLAS do not survive a fork.
    context = multiprocessing.get_context("spawn")
    running: set[Future[Row]] = set()
    begin = (kind, os.getpid())
    with ProcessPoolExecutor(
        n_workers, context, _begin, begin, max_tasks_per_child=steps_per_process
    ) as pool:
        try:
            while True:
                while len(running) < n_workers and (row := sweep.ask()) is not None:
                    running.add(pool.submit(_advance, row))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    row = future.result()
                    if sweep.goes_on(row):
                        running.add(pool.submit(_advance, row))
                    else:
                        sweep.tell(row)
        except BrokenProcessPool:
            raise EmodistError(
                "a worker was killed (too little memory?); finished trials are kept, the same "
                "command does the rest, with fewer workers=N if need be"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _begin(kind: Stepwise, driver: int) -> None:
    global _kind
    _kind = kind
    # Ctrl-C is for the driver.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(driver,), daemon=True).start()


def _end_with(driver: int) -> None:
    """A driver that was killed cannot stop its pool."""
    while os.getppid() == driver:
        time.sleep(1)
    os._exit(1)


def _advance(row: Row) -> Row:
    return trials.advance(_kind, row)
