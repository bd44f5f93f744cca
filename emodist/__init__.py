"""emodist: emotion recognition from speech in vlogs, on a laptop or a Ray cluster."""

__version__ = "0.2.0"
