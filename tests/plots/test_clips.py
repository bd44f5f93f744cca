import numpy as np

from emodist import plots

RATE = 16_000


def test_waveforms_share_scales_and_keep_their_peaks():
    short, long = np.zeros(RATE, np.float32), np.zeros(2 * RATE, np.float32)
    long[5] = 0.5
    figure = plots.waveforms(["angry", "sad"], [short, long], RATE, plots.looks(["angry", "sad"]))
    for axes in figure.axes:
        assert axes.get_xlim() == (0, 2)
        assert axes.get_ylim() == (-0.525, 0.525)
    drawn = figure.axes[1].collections[0].get_paths()[0].vertices
    assert drawn[:, 1].max() == 0.5
    assert [axes.get_title("left") for axes in figure.axes] == ["angry", "sad"]


def test_silence_can_be_drawn():
    assert plots.png(plots.waveforms(["x"], [np.zeros(RATE, np.float32)], RATE, {}))


def test_spectrograms_share_one_scale_of_level():
    images = [np.full((40, 20), -10.0), np.full((40, 30), -70.0)]
    hz = np.geomspace(50, 8000, 40)
    figure = plots.log_mels(["a", "b"], images, 0.032, hz)
    pictures = [axes.images[0] for axes in figure.axes[:2]]
    assert {picture.get_clim() for picture in pictures} == {(-70.0, -10.0)}
    assert figure.axes[0].get_xlim() == (0, 30 * 0.032)
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()][:2] == ["500", "1k"]


def test_each_coefficient_is_scaled_over_all_clips():
    rng = np.random.default_rng(0)
    images = [rng.normal(size=(13, 50)) * 100 - 500, rng.normal(size=(13, 50)) * 100 - 500]
    figure = plots.mfccs(["a", "b"], images, 0.032)
    shown = np.concatenate([axes.images[0].get_array() for axes in figure.axes[:2]], axis=1)
    np.testing.assert_allclose(shown.mean(axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(shown.std(axis=1), 1)


def test_an_odd_number_of_clips_leaves_a_place_empty_with_times_above_it():
    figure = plots.chromas(["a", "b", "c"], [np.zeros((12, 9))] * 3, 0.032)
    seen = [axes.get_visible() for axes in figure.axes]
    assert seen[:4] == [True, True, True, False]
    assert figure.axes[0].get_yticklabels()[0].get_text() == "C"
