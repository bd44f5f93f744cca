"""What emodist raises on purpose; `except EmodistError` catches all of it.

A message says what was wanted, what arrived, where, and what to do next.
"""


class EmodistError(Exception):
    """Base of every error that emodist raises on purpose."""


class ConfigError(EmodistError):
    """A setting is unknown, of the wrong type, or out of range."""


class AudioError(EmodistError):
    """Media that cannot be decoded, or samples that do not fit."""


class CorpusError(EmodistError):
    """A file or a folder that does not look as its corpus promises."""


class OutputError(EmodistError):
    """An output folder that cannot be written, or that belongs to another run."""
