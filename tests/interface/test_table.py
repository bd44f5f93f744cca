import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import emodist
from emodist.learning import dataset


def test_a_table_says_what_it_is_in_one_line(table):
    assert len(table) == 40
    assert repr(table) == f"Table({table.uri!r}): 40 rows, 2 features"
    assert table.features == ("mfcc", "rms")
    assert table.settings["features"] == ["mfcc", "rms"]
    assert table.summary["recordings"] == 40


def test_a_data_frame_has_a_column_for_each_number(table):
    frame = table.to_pandas()
    assert len(frame) == 40
    assert {"label", "speaker", "mfcc_1_mean", "rms_std"} <= set(frame)
    narrow = table.to_pandas(features=["rms"])
    assert {"label", "rms_std"} <= set(narrow)
    assert "mfcc_1_mean" not in narrow
    with pytest.raises(emodist.ConfigError, match="no feature 'rns'; did you mean 'rms'"):
        table.to_pandas(features=["rns"])


def test_the_other_tables_of_the_folder_are_there_by_name(table):
    assert len(table.to_arrow("recordings")) == 40
    assert len(table.to_pandas("failures")) == 0


def test_any_estimator_is_cross_validated_on_unheard_speakers(table):
    x, y, groups = table.xy(groups="speaker")
    assert (x.dtype, x.shape, len(set(groups))) == (np.float32, (40, len(x[0])), 4)
    model = make_pipeline(StandardScaler(), SVC())
    scores = cross_val_score(model, x, y, groups=groups, cv=GroupKFold(4))
    # Each speaker says every label equally often.
    predicted = cross_val_predict(model, x, y, groups=groups, cv=GroupKFold(4))
    assert scores.mean() == pytest.approx(balanced_accuracy_score(y, predicted))
    assert scores.mean() > 0.4


def test_rows_and_labels_are_those_of_the_dataset(table):
    data = dataset.load(table.uri)
    x, y = table.xy()
    np.testing.assert_array_equal(x, data.x)
    np.testing.assert_array_equal(y, data.label.astype(str))
    frame, _ = table.xy(features=["rms"], as_frame=True)
    assert list(frame) == ["rms_mean", "rms_std", "rms_p10", "rms_p90"]


def test_groups_are_an_attribute_too_and_a_wrong_one_is_told(table):
    _, _, groups = table.xy(groups="recording_id")
    assert len(set(groups)) == 40
    with pytest.raises(emodist.ConfigError, match="no 'speakers'; did you mean 'speaker'"):
        table.xy(groups="speakers")


def test_a_table_without_labels_says_so(clips, tmp_path):
    found = emodist.featurize(
        clips / "sad", features="rms", out=tmp_path / "out", engine="local", workers=1
    )
    with pytest.raises(emodist.ConfigError, match="no labels"):
        found.xy()


def test_a_cell_shows_the_first_rows_and_a_plot_the_labels(table):
    html = table._repr_html_()
    assert html.count("<tr>") == 6
    assert "40 rows" in html
    figure = table.plot()
    assert isinstance(figure, Figure)
    assert [text.get_text() for text in figure.axes[0].texts] == ["8"] * 5


def test_a_featurized_folder_is_not_made_again_and_its_failures_are_told(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.wav").write_bytes(b"RIFF nothing")
    again = {"out": tmp_path / "out", "features": "rms", "engine": "local", "workers": 1}
    emodist.featurize(tmp_path / "in", **again)
    said = capsys.readouterr().err
    assert "failed: " in said
    assert "broken.wav" in said
    assert "more files failed than max_failed_fraction=0.5 allows" in said
    table = emodist.featurize(tmp_path / "in", **again)
    assert table.summary["new"] == table.summary["new_failed"] == 0
    assert table.to_pandas("failures")["attempts"].tolist() == [1]
