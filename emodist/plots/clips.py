"""Example clips side by side, one panel for each label, on one scale of time and of level."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emodist.plots.theme import WIDTH, Look, new_figure, short, themed

# Without F, whose name would touch that of E.
PITCH_CLASSES = ("C", "D", "E", "G", "A", "B")
PITCH_PLACES = (0, 2, 4, 7, 9, 11)
# More points are not seen at this width; each shows the range of a piece, so no peak is lost.
MOST_POINTS = 2_000
Titles = Sequence[str]


@themed
def waveforms(
    titles: Titles, clips: Sequence[np.ndarray], sample_rate: int, looks: Mapping[str, Look]
) -> Figure:
    """Waveforms, each in the colour of its label.

    Parameters
    ----------
    titles : what each panel is called; the colour is that of the look with this name
    clips : float arrays, shape (n_samples,)
    """
    longest = max(len(clip) for clip in clips) / sample_rate
    peak = max(float(np.abs(clip).max(initial=0.0)) for clip in clips) or 1.0

    def draw(axes: Axes, place: int) -> None:
        clip = clips[place]
        look = looks.get(titles[place])
        n_points = min(len(clip), MOST_POINTS)
        pieces = np.array_split(clip, max(1, n_points))
        time_s = np.linspace(0, len(clip) / sample_rate, len(pieces))
        axes.fill_between(
            time_s,
            [piece.min(initial=0.0) for piece in pieces],
            [piece.max(initial=0.0) for piece in pieces],
            color="0.3" if look is None else look.color,
            linewidth=0.4,
        )
        axes.set(xlim=(0, longest), ylim=(-1.05 * peak, 1.05 * peak))

    return _grid(titles, draw, "amplitude (full scale is 1)", 1.0)


@themed
def log_mels(
    titles: Titles, images: Sequence[np.ndarray], frame_s: float, mel_hz: np.ndarray
) -> Figure:
    """Log-mel spectrograms.

    Parameters
    ----------
    images : float arrays, shape (n_mels, n_frames), dB
    frame_s : float, seconds
        From one frame to the next.
    mel_hz : float array, shape (n_mels,)
        Centre of each band.
    """
    ticks = [hz for hz in (500, 1000, 2000, 4000, 8000) if hz <= mel_hz[-1]]
    places = np.interp(ticks, mel_hz, np.arange(len(mel_hz)))
    names = [f"{hz // 1000}k" if hz >= 1000 else str(hz) for hz in ticks]
    return _images(titles, images, frame_s, "magma", "frequency, Hz", "dB", (places, names))


@themed
def mfccs(titles: Titles, images: Sequence[np.ndarray], frame_s: float) -> Figure:
    """MFCCs, each coefficient z-scored over all panels: unscaled, the first hides the others.

    Parameters
    ----------
    images : float arrays, shape (n_mfcc, n_frames)
    """
    together = np.concatenate(images, axis=1)
    mean, spread = together.mean(axis=1, keepdims=True), together.std(axis=1, keepdims=True)
    scaled = [(image - mean) / np.where(spread > 0, spread, 1) for image in images]
    n_mfcc = len(mean)
    places = [place for place in (0, 4, 9, 14, 19, 29, 39) if place < n_mfcc]
    ticks = (places, [str(place + 1) for place in places])
    return _images(titles, scaled, frame_s, "PuOr_r", "coefficient", "z-score", ticks, (-3, 3))


@themed
def chromas(titles: Titles, images: Sequence[np.ndarray], frame_s: float) -> Figure:
    """Power of the pitch classes.

    Parameters
    ----------
    images : float arrays, shape (12, n_frames), within [0, 1]
    """
    ticks = (PITCH_PLACES, PITCH_CLASSES)
    return _images(titles, images, frame_s, "viridis", "pitch class", "share", ticks, (0, 1))


def _images(
    titles: Titles,
    images: Sequence[np.ndarray],
    frame_s: float,
    colors: str,
    unit: str,
    scale: str,
    ticks: tuple[Sequence[float] | np.ndarray, Sequence[str]],
    limits: tuple[float, float] | None = None,
) -> Figure:
    low, high = limits or (min(map(np.min, images)), max(map(np.max, images)))
    longest = max(image.shape[1] for image in images) * frame_s

    def draw(axes: Axes, place: int) -> None:
        image = images[place]
        axes.imshow(
            image,
            origin="lower",
            cmap=colors,
            vmin=low,
            vmax=high,
            interpolation="nearest",
            extent=(0, image.shape[1] * frame_s, -0.5, len(image) - 0.5),
            rasterized=True,
        )
        axes.set(xlim=(0, longest))
        axes.set_yticks(*ticks)

    figure = _grid(titles, draw, unit, 1.35)
    bar = figure.colorbar(
        figure.axes[0].images[0], ax=figure.axes, label=scale, aspect=40, pad=0.01
    )
    bar.outline.set_visible(False)
    return figure


def _grid(titles: Titles, draw: Callable[[Axes, int], None], unit: str, height: float) -> Figure:
    n_columns = min(2, len(titles))
    n_rows = -(-len(titles) // n_columns)
    figure = new_figure(WIDTH, height * n_rows + 0.6)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for place, axes in enumerate(panels.flat):
        if place < len(titles):
            draw(axes, place)
            axes.set_title(short(titles[place], 40))
            if place + n_columns >= len(titles):
                # Also above an empty place in the last row.
                axes.tick_params(labelbottom=True)
        else:
            axes.set_visible(False)
    figure.supxlabel("time, s", fontsize=9)
    figure.supylabel(unit, fontsize=9)
    return figure
