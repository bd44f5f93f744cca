"""Which rows a number is of."""

import dataclasses

import numpy as np

from emodist.learning import fingerprint
from tests import make


def changed(data, **more):
    return dataclasses.replace(data, **more)


def test_the_rows_are_those_of_any_order_and_any_features():
    data = make.speech(n_each=3)
    turned = data.select(np.arange(len(data))[::-1])
    assert fingerprint.rows(turned) == fingerprint.rows(data)
    assert fingerprint.rows(changed(data, x=data.x[:, :2])) == fingerprint.rows(data)


def test_another_label_or_another_sound_is_another_row():
    data = make.speech(n_each=3)
    for name in ("label", "audio_sha"):
        other = getattr(data, name).copy()
        other[0] = "another"
        assert fingerprint.rows(changed(data, **{name: other})) != fingerprint.rows(data)


def test_what_a_classifier_sees_has_a_fingerprint_with_the_numbers():
    data = make.speech(n_each=3)
    assert fingerprint.numbers(data) == fingerprint.numbers(make.speech(n_each=3))
    assert fingerprint.numbers(changed(data, x=data.x + 1e-3)) != fingerprint.numbers(data)
