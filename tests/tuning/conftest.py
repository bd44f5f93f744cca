from emodist.sweeps import trials
from emodist.sweeps.trials import Sweep


def work(sweep: Sweep, most: int | None = None) -> list[trials.Row]:
    """What an engine does, in this process; at most so many trials."""
    told = []
    while (most is None or len(told) < most) and (row := sweep.ask()) is not None:
        while True:
            row = trials.advance(sweep.kind, row)
            if not sweep.goes_on(row):
                break
        told.append(sweep.tell(row))
    return told
