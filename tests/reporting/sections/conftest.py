"""Sections without their pictures, and what they draw on."""

from collections.abc import Sequence

import pytest

from emodist.learning.settings import TrainSettings
from emodist.models import judging
from emodist.reporting import ReportSettings
from emodist.reporting._material import Material
from emodist.reporting._page import Page
from tests.reporting.tables import write_table


class Shown(Page):
    """A page that keeps the captions of its figures, and draws none."""

    def figure(self, name, figure, caption):
        self.figures.append(name)
        self._add("figure", name=name, caption=caption)

    def of(self, look: str) -> list:
        """All items of one look, in order: their words."""
        (section,) = self.sections
        items = [item for item in section["items"] if item["look"] == look]
        return [{k: v for k, v in item.items() if k != "look"} for item in items]

    def words(self, look: str) -> str:
        """Their text, or the captions."""
        return "\n".join(str(item.get("text", item.get("caption"))) for item in self.of(look))

    def lines(self) -> list[str]:
        """Of all commands."""
        return [line for item in self.of("command") for line in item["lines"]]


def shown(section, of: Material) -> Shown:
    page = Shown("nowhere")
    section.add(page, of, lambda step: None)
    return page


def material(
    table: str,
    evaluations: Sequence[str] = (),
    clusters: str | None = None,
    sweep: str | None = None,
    **settings,
) -> Material:
    return Material.gather(table, ReportSettings(**settings), evaluations, clusters, sweep)


@pytest.fixture(scope="session")
def table(tmp_path_factory) -> str:
    """Six speakers who say two things, three times each."""
    return write_table(tmp_path_factory.mktemp("report") / "t")


@pytest.fixture(scope="session")
def evaluation(table, tmp_path_factory) -> str:
    """Judged against another model, with people who were not in training."""
    out = str(tmp_path_factory.mktemp("report") / "e")
    settings = TrainSettings(model="logistic_regression", folds="group3", calibrate=False)
    judging.evaluate(table, settings, out, against="lda")
    return out


@pytest.fixture(scope="session")
def overlapping(table, tmp_path_factory) -> str:
    """The same voices on both sides."""
    out = str(tmp_path_factory.mktemp("report") / "o")
    settings = TrainSettings(model="logistic_regression", folds="random3", calibrate=False)
    judging.evaluate(table, settings, out)
    return out
