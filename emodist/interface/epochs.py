"""How far a network is that learns, told on stderr."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emodist.network_training.state import Progress


def tell(title: str, progress: "Progress") -> None:
    """One line."""
    p = progress
    words = [f"epoch {p.epoch}"]
    if p.row is None:
        words.append(f"step {p.step} of {p.steps}")
    words.append(f"loss {p.loss:.3f}")
    if p.row is not None and "dev_uar" in p.row:
        words.append(f"development UAR {p.row['dev_uar']:.3f}")
    words += [
        f"learning rate {p.learning_rate:.2g}",
        f"{p.rows_per_s:.0f} samples/s",
        f"at most {_duration(p.left_s)} left",
    ]
    print(f"{title}{', '.join(words)}", file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes} min"
        if hours
        else f"{minutes} min {rest} s"
        if minutes
        else f"{rest} s"
    )
