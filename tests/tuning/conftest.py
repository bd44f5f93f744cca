import numpy as np

from emodist.learning.dataset import Dataset
from emodist.sweeps import trials
from emodist.sweeps.trials import Sweep

KEYS = ("recording_id", "uri", "corpus", "speaker", "label", "audio_sha")


def rows_of(x, speakers, labels) -> Dataset:
    """A dataset; each column of `x` is a feature of its own, `x0`, `x1`, ..."""
    n_rows = len(x)
    words = {name: np.array([f"{name}{i}" for i in range(n_rows)], object) for name in KEYS}
    words |= {
        "corpus": np.full(n_rows, "media", object),
        "speaker": np.array(speakers, object),
        "label": np.array(labels, object),
    }
    names = np.array([f"x{i}" for i in range(x.shape[1])], object)
    zeros = np.zeros(n_rows)
    return Dataset(
        x=x.astype(np.float32), names=names, columns=names, segment=zeros.astype(int),
        start_s=zeros, end_s=zeros + 1, speech_fraction=zeros + 1, attributes={}, images={},
        **words,
    )  # fmt: skip


def speech(n_speakers=8, n_each=12, effect=1.5, n_features=6, seed=0) -> Dataset:
    """Voices that say two things; the first feature tells which, by `effect` spreads."""
    rng = np.random.default_rng(seed)
    n_rows = n_speakers * n_each
    label = np.arange(n_rows) % 2
    x = rng.normal(size=(n_rows, n_features))
    x[:, 0] += effect * label
    speakers = [f"s{i // n_each}" for i in range(n_rows)]
    return rows_of(x, speakers, [("happy", "sad")[i] for i in label])


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
