"""Whom a table or a bundle owes: emodist, its features and corpora, the library of its model."""

from typing import NamedTuple

import pyarrow.compute as pc

import emodist
from emodist import registry, storage
from emodist.citations import bibtex
from emodist.errors import ConfigError
from emodist.models import card
from emodist.tables import locate

EMODIST = f"""\
@software{{emodist,
  author = {{{{The emodist authors}}}},
  title = {{emodist: Emotion Recognition from Speech in Vlogs}},
  version = {{{emodist.__version__}}},
  year = {{2026}}
}}
"""
SCIKIT_LEARN = """\
@article{pedregosa2011scikit,
  author = {Pedregosa, Fabian and Varoquaux, Gaël and Gramfort, Alexandre and Michel, Vincent and Thirion, Bertrand and Grisel, Olivier and Blondel, Mathieu and Prettenhofer, Peter and Weiss, Ron and Dubourg, Vincent and Vanderplas, Jake and Passos, Alexandre and Cournapeau, David and Brucher, Matthieu and Perrot, Matthieu and Duchesnay, Édouard},
  title = {Scikit-learn: Machine Learning in {Python}},
  journal = {Journal of Machine Learning Research},
  volume = {12},
  pages = {2825--2830},
  year = {2011}
}
"""  # noqa: E501
KERAS = """\
@misc{chollet2015keras,
  author = {Chollet, François and others},
  title = {Keras},
  year = {2015},
  url = {https://keras.io}
}
"""


class Used(NamedTuple):
    """What was used: names of features and corpora, and the library of the model, if any."""

    features: tuple[str, ...]
    corpora: tuple[str, ...]
    library: str = ""


def cite(uri: str) -> tuple[list[bibtex.Work], list[str]]:
    """Works to cite for a table or a bundle, each once, and what here is nothing known of.

    Parameters
    ----------
    uri : str
        An output folder of featurize, or a bundle; local or `s3://`.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    uses = used(uri)
    texts, unknown = [EMODIST, uses.library], []
    for folder, names in (("features", uses.features), ("corpora", uses.corpora)):
        for name in names:
            if name in registry.names(folder):
                texts.append(registry.citation(folder, name))
            else:
                unknown.append(name)
    works = {work.key: work for text in texts for work in bibtex.works(text)}
    return list(works.values()), unknown


def used(uri: str) -> Used:
    """Features and corpora by name, as the place itself has written them down.

    Raises
    ------
    ConfigError
        If it is neither the output of a job over media nor a bundle.
    """
    uri = storage.absolute(uri)
    if not storage.exists(storage.join(uri, "bundle.json")):
        return _used_by_table(uri)
    about = card.read(uri)
    library = KERAS if about.kind == "network" else SCIKIT_LEARN
    corpora = tuple(sorted(about.data.corpora))
    return Used(tuple(about.featurized.get("features", ())), corpora, library)


def _used_by_table(uri: str) -> Used:
    made = locate.origin(uri)
    if not made:
        raise ConfigError(f"{uri} is neither an output folder of featurize nor a bundle")
    column = locate.table(made["uri"], "recordings").to_table(columns=["corpus"])["corpus"]
    corpora = {made["settings"].get("corpus"), *pc.unique(column).to_pylist()} - {None}
    return Used(tuple(made["settings"].get("features", ())), tuple(sorted(corpora)))
