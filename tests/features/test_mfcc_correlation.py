import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.features._analysis import Analysis
from emodist.features.mfcc import Mfcc
from emodist.features.mfcc_correlation import MfccCorrelation
from tests.features.signals import noise, silence, voice


def test_equals_numpys_correlation_of_the_mfccs():
    analysis = Analysis(np.concatenate([voice(), noise()]))
    expected = np.corrcoef(Mfcc(n_mfcc=5, deltas=0).frames(analysis))[np.triu_indices(5, 1)]
    found = MfccCorrelation(n_mfcc=5).compute(analysis, ())
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_gain_changes_nothing():
    soft, loud = (MfccCorrelation().compute(Analysis(noise(amplitude=a)), ()) for a in (0.01, 0.1))
    np.testing.assert_allclose(loud, soft, atol=1e-3)


def test_what_does_not_move_correlates_with_nothing():
    assert not MfccCorrelation().compute(Analysis(silence()), ()).any()


def test_each_pair_is_named_once():
    assert MfccCorrelation(n_mfcc=3).labels(()) == (
        "mfcc_correlation_1_2",
        "mfcc_correlation_1_3",
        "mfcc_correlation_2_3",
    )


def test_one_coefficient_has_no_pair():
    with pytest.raises(ConfigError, match="from 2 to 128; got 1"):
        MfccCorrelation(n_mfcc=1)
