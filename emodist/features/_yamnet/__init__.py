"""YAMNet: 1024 embedding numbers and 521 sound-class scores for each 0.96 s of sound.

Two halves, so that TensorFlow never stands in a process that decodes:

- `frontend` turns a waveform into log-mel patches with numpy and scipy alone;
- `model` runs the network on patches of many clips at once, on a CPU with LiteRT (no TensorFlow in
  that process either), on a GPU with TensorFlow.

`prepared` turns a model, wherever it lies, into the folder that both runtimes read; TensorFlow does
that once, in a process of its own (`convert`).
"""

from emodist.features._yamnet.aggregate import aggregate, labels, slugs
from emodist.features._yamnet.frontend import log_mel, patch_blocks, patches, patches_of
from emodist.features._yamnet.model import YamnetModel, load
from emodist.features._yamnet.prepared import prepare

__all__ = [
    "YamnetModel",
    "aggregate",
    "labels",
    "load",
    "log_mel",
    "patch_blocks",
    "patches",
    "patches_of",
    "prepare",
    "slugs",
]
