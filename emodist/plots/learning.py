"""How networks learned: loss and UAR over the epochs."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from emodist.plots.theme import CLUSTERS, WIDTH, new_figure, short, themed

History = Sequence[Mapping[str, float]]


@themed
def learning(histories: Mapping[str, History], title: str = "") -> Figure:
    """Loss (training: full line, development speakers: dashed) and UAR of development speakers.

    Parameters
    ----------
    histories : one for each fold, by name
        Rows with `epoch`, `loss` and, with development speakers, `dev_loss` and `dev_uar`; a dot
        marks the epoch that was kept.
    """
    figure = new_figure(WIDTH, 5.0)
    above, below = figure.subplots(2, 1, sharex=True)
    for number, (name, history) in enumerate(histories.items()):
        color = CLUSTERS[number % len(CLUSTERS)]
        label = short(name) if len(histories) > 1 else None
        epochs = [row["epoch"] for row in history]
        above.plot(epochs, [row["loss"] for row in history], color=color, label=label)
        if all("dev_uar" in row for row in history):
            losses, recalls = ([row[k] for row in history] for k in ("dev_loss", "dev_uar"))
            kept = kept_epoch(history)
            for axes, values in ((above, losses), (below, recalls)):
                axes.plot(epochs, values, color=color, linestyle="--", linewidth=1)
                axes.plot(epochs[kept], values[kept], "o", color=color)
    for axes in (above, below):
        axes.grid(axis="y", alpha=0.3)
    below.xaxis.get_major_locator().set_params(integer=True)
    above.set(ylabel="loss (cross-entropy)")
    below.set(xlabel="epoch", ylabel="UAR, development speakers", ylim=(0, None))
    above.plot([], [], color="0.3", label="training")
    above.plot([], [], color="0.3", linestyle="--", marker="o", label="development, kept epoch")
    figure.legend(loc="outside right upper")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, wrap=True)
    return figure


def kept_epoch(history: History) -> int:
    """Place of the epoch whose weights were kept: the best UAR, then the lowest loss.

    Examples
    --------
    >>> kept_epoch([{"dev_uar": 0.5, "dev_loss": 1.0}, {"dev_uar": 0.5, "dev_loss": 0.9}])
    1
    """
    return max(
        range(len(history)), key=lambda at: (history[at]["dev_uar"], -history[at]["dev_loss"])
    )
