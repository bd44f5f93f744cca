"""Plugins for tests: the smallest that work, and ways to break them."""

import textwrap
from pathlib import Path


def write(folder: Path, file: str, text: str) -> Path:
    """A file of a plugin folder, from an indented text."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip("\n"))
    return path


ONES = "np.ones((1, analysis.n_frames))"


def feature(folder: Path, name: str = "ones", body: str = ONES) -> Path:
    """A feature with one number a frame; `compute` runs line 15 of its file."""
    called = "".join(part.capitalize() for part in name.split("_"))
    return write(
        folder,
        f"features/{name}.py",
        f'''
        """As many ones as frames."""

        from dataclasses import dataclass

        import numpy as np

        from emodist.features._frames import FrameFeature


        @dataclass(frozen=True)
        class {called}(FrameFeature):
            """Says the same of every sound."""

            def frames(self, analysis):
                return {body}
        ''',
    )


def estimator(folder: Path, name: str = "prior", module: str = "prior") -> Path:
    """A classifier with a class of its own, which a bundle may load by the name that it gives."""
    called = "".join(part.capitalize() for part in name.split("_"))
    return write(
        folder,
        f"estimators/{name}.py",
        f'''
        """How often each class is met."""

        from dataclasses import dataclass

        import numpy as np
        from sklearn.base import BaseEstimator, ClassifierMixin


        class Shares(ClassifierMixin, BaseEstimator):
            def fit(self, x, y):
                self.classes_, counts = np.unique(y, return_counts=True)
                self.shares_ = counts / len(y)
                return self

            def predict_proba(self, x):
                return np.tile(self.shares_, (len(x), 1))

            def predict(self, x):
                return np.full(len(x), self.classes_[self.shares_.argmax()])


        @dataclass(frozen=True)
        class {called}:
            """No settings."""

            SPACE = {{}}
            trusts = ("emodist.estimators.{module}.Shares",)

            def build(self, class_weight, seed):
                return Shares()
        ''',
    )


def corpus(folder: Path, name: str = "our_lab", title: str = '"Our lab"') -> Path:
    """A corpus whose file names are speaker_label_number; `title` is a line of Python."""
    called = "".join(part.capitalize() for part in name.split("_"))
    return write(
        folder,
        f"corpora/{name}.py",
        f'''
        """Names are speaker_label_number."""

        from dataclasses import dataclass
        from pathlib import PurePosixPath
        from typing import ClassVar

        from emodist.corpora import Corpus, Description, Meanings


        @dataclass(frozen=True)
        class {called}(Corpus):
            """Speaker and label come from the file name."""

            title: ClassVar[str] {f"= {title}" if title else ""}
            source: ClassVar[str] = "our own"
            licence: ClassVar[str] = "our own licence"
            labels: ClassVar[tuple[str, ...]] = ("glad", "sad")
            common: ClassVar[Meanings] = {{"glad": ("happy", "gladness is quiet"), "sad": "sad"}}
            acted: ClassVar[bool] = True

            def describe(self, path):
                speaker, label, _ = PurePosixPath(path).stem.split("_")
                return Description(speaker, label)
        ''',
    )
