"""Made-up truths and probabilities of three classes."""

import numpy as np

CLASSES = ("angry", "happy", "sad")


def sure(predicted, n_classes=3):
    return np.eye(n_classes)[predicted]


def random_rows(n_rows=400, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.choice(n_classes, n_rows, p=np.arange(1, n_classes + 1) / sum(range(n_classes + 1)))
    # One decimal: scores with many ties.
    scores = rng.dirichlet(np.ones(n_classes), n_rows).round(1) + sure(y, n_classes) * 0.3 + 0.01
    return y, scores / scores.sum(axis=1, keepdims=True)


def people_of_different_skill(rng, n_speakers, n_clips=24):
    """Truth and predictions of three classes; each speaker is right with a chance of their own."""
    y = np.tile(np.arange(n_clips) % 3, n_speakers)
    who = np.repeat(np.arange(n_speakers), n_clips)
    is_right = rng.random(len(y)) < rng.beta(6, 6, n_speakers)[who]
    return y, np.where(is_right, y, (y + rng.integers(1, 3, len(y))) % 3), who
