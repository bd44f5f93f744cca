"""A made-up talking corpus, so that the demo and the tests need no download.

All of it is for mechanics: no quality claim rests on synthetic speech.
"""

from emodist.synthesis.corpus import write_corpus
from emodist.synthesis.film import write_film
from emodist.synthesis.prosody import EMOTIONS, Prosody, Speaker
from emodist.synthesis.voice import SAMPLE_RATE, utterance

__all__ = [
    "EMOTIONS",
    "SAMPLE_RATE",
    "Prosody",
    "Speaker",
    "utterance",
    "write_corpus",
    "write_film",
]
