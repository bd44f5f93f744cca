"""Shards on this machine, without Ray: one thread a worker, each with its child process.

The children do the work, so threads are enough, and a run starts at once.
"""

import contextlib
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from emodist.media import plan_log
from emodist.media.settings import MediaSettings
from emodist.media.shards import ShardResult, ShardRunner


def run(
    shards: Iterable[dict[str, Any]], settings: MediaSettings, n_workers: int
) -> Iterator[ShardResult]:
    """Results of planned shards (rows of `schema.WORK`) as they come, in any order.

    Raises
    ------
    EmodistError
        The first error of a worker; shards that were finished stay finished.
    """
    waiting = iter(shards)
    lock, stop = threading.Lock(), threading.Event()
    results: queue.Queue[ShardResult | BaseException | None] = queue.Queue()

    def work() -> None:
        try:
            with contextlib.closing(ShardRunner(settings)) as runner:
                while not stop.is_set():
                    with lock:
                        shard = next(waiting, None)
                    if shard is None:
                        break
                    results.put(runner(plan_log.shard(settings.out, shard)))
            results.put(None)
        except BaseException as error:
            results.put(error)

    # Daemons: an interrupted driver does not wait for long files; their shards are done again.
    threads = [threading.Thread(target=work, daemon=True) for _ in range(n_workers)]
    for thread in threads:
        thread.start()
    running = len(threads)
    try:
        while running:
            result = results.get()
            if result is None:
                running -= 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result
    finally:
        stop.set()
