import pytest

from emodist import reporting
from emodist.reporting import ReportSettings
from emodist.reporting._material import MOST_ROWS, Material
from tests.reporting.tables import write_table


def test_no_more_rows_are_compared_than_that_takes_seconds_and_the_page_says_so(tmp_path):
    speakers = tuple(f"s{n}" for n in range(51))
    table = write_table(tmp_path / "t", ("angry",), speakers, per_cell=100)
    material = Material.gather(table, ReportSettings(sample=20_000), [], None, None)
    assert len(material.sample) == MOST_ROWS
    assert material.which_rows == "5,000 of 5,100 rows, drawn by hash"


@pytest.mark.slow
def test_each_map_is_announced_with_its_number_and_its_rows(tmp_path):
    table = write_table(tmp_path / "t")
    heard = []
    reporting.run(table, str(tmp_path / "out"), ReportSettings(maps="tsne"), say=heard.append)
    assert [step for step in heard if step.startswith("map")] == [
        "map 1 of 2: t-SNE, plain, of all 36 rows",
        "map 2 of 2: t-SNE, z-score per speaker, of all 36 rows",
    ]
