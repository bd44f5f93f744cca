"""Our own features beside openSMILE's eGeMAPS on real speech: other programs, the same voices."""

import numpy as np
import pytest
import soundfile

from emodist.features import build_features, extract

N_CLIPS = 32
PAIRS = {
    "prosody_pitch_mean": "F0semitoneFrom27.5Hz_sma3nz_amean",
    "loudness_mean": "loudness_sma3_amean",
    "loudness_variation": "loudness_sma3_stddevNorm",
    "spectral_balance_voiced_alpha_ratio_mean": "alphaRatioV_sma3nz_amean",
    "spectral_balance_voiced_hammarberg_mean": "hammarbergIndexV_sma3nz_amean",
    "voice_quality_h1_a3_db_mean": "logRelF0-H1-A3_sma3nz_amean",
}


@pytest.mark.slow
def test_pitch_loudness_and_balance_go_with_those_of_egemaps(shared_data):
    opensmile = pytest.importorskip("opensmile", reason='needs: pip install "emodist[opensmile]"')
    paths = sorted((shared_data / "ravdess").rglob("*.flac"))
    if len(paths) < N_CLIPS:
        pytest.skip("RAVDESS clips are not here: ../shared/data/ravdess")
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    features = build_features(["prosody", "loudness", "spectral_balance", "voice_quality"])
    labels = [label for f in features.values() for label in f.labels(("mean",))]
    ours, theirs = [], []
    for path in paths[3 :: len(paths) // N_CLIPS][:N_CLIPS]:
        waveform, rate = soundfile.read(path, dtype="float32")
        ours.append(np.concatenate(list(extract(waveform, features, ("mean",)).values())))
        theirs.append(smile.process_signal(waveform, rate).to_numpy()[0])
    for own, other in PAIRS.items():
        x = np.array(ours)[:, labels.index(own)]
        y = np.array(theirs)[:, smile.feature_names.index(other)]
        assert np.corrcoef(x, y)[0, 1] > 0.7, own
