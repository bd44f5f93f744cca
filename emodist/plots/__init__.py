"""Figures. Arrays in, a matplotlib `Figure` out; `png` and `svg` turn one into a file's bytes.

One theme and one colour per label everywhere. Words are shown as they are: no label becomes a
formula or disappears from a legend.
"""

from emodist.plots.clips import chromas, log_mels, mfccs, waveforms
from emodist.plots.clusters import dendrogram, scatter, scores_by_k, silhouettes
from emodist.plots.counts import label_counts, speaker_counts
from emodist.plots.judgement import confusion, importance, models, reliability, roc
from emodist.plots.learning import learning
from emodist.plots.maps import maps
from emodist.plots.theme import Look, cell, looks, png, svg
from emodist.plots.timeline import timeline

__all__ = [
    "Look",
    "cell",
    "chromas",
    "confusion",
    "dendrogram",
    "importance",
    "label_counts",
    "learning",
    "log_mels",
    "looks",
    "maps",
    "mfccs",
    "models",
    "png",
    "reliability",
    "roc",
    "scatter",
    "scores_by_k",
    "silhouettes",
    "speaker_counts",
    "svg",
    "timeline",
    "waveforms",
]
