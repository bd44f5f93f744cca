"""Our own features beside openSMILE's eGeMAPS on real speech: other programs, the same voices."""

import subprocess
import sys

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
# In a process of its own: among Ray, TensorFlow and others its C++ has crashed.
EGEMAPS = """
import sys, numpy, opensmile, soundfile
smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
sounds = [soundfile.read(path, dtype="float32") for path in sys.argv[3:]]
numpy.save(sys.argv[1], [smile.process_signal(*sound).to_numpy()[0] for sound in sounds])
numpy.save(sys.argv[2], smile.feature_names)
"""


@pytest.mark.slow
def test_pitch_loudness_and_balance_go_with_those_of_egemaps(shared_data, tmp_path):
    pytest.importorskip("opensmile", reason='needs: pip install "emodist[opensmile]"')
    paths = sorted((shared_data / "ravdess").rglob("*.flac"))
    if len(paths) < N_CLIPS:
        pytest.skip("RAVDESS clips are not here: ../shared/data/ravdess")
    features = build_features(["prosody", "loudness", "spectral_balance", "voice_quality"])
    labels = [label for f in features.values() for label in f.labels(("mean",))]
    chosen = paths[3 :: len(paths) // N_CLIPS][:N_CLIPS]
    ours = []
    for path in chosen:
        waveform, _ = soundfile.read(path, dtype="float32")
        ours.append(np.concatenate(list(extract(waveform, features, ("mean",)).values())))
    results = tmp_path / "values.npy", tmp_path / "names.npy"
    subprocess.run([sys.executable, "-c", EGEMAPS, *results, *chosen], check=True)
    theirs, names = np.load(results[0]), np.load(results[1]).tolist()
    for own, other in PAIRS.items():
        x = np.array(ours)[:, labels.index(own)]
        y = theirs[:, names.index(other)]
        assert np.corrcoef(x, y)[0, 1] > 0.7, own
