"""What emodist raises on purpose; `except EmodistError` catches all of it.

A message says what was wanted, what arrived, where, and what to do next. All exceptions live here:
their names are what the column `error` of a `failures` table holds.
"""


class EmodistError(Exception):
    """Base of every error that emodist raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """What IPython and Jupyter show: the sentence, not the way through this package."""
        return [f"{type(self).__name__}: {self}"]


class ConfigError(EmodistError):
    """A setting is unknown, of the wrong type, or out of range."""


class AudioError(EmodistError):
    """Media that cannot be decoded, or samples that do not fit."""


class GaveUpError(AudioError):
    """One decoder cannot open a file, or go on with it; another may."""


class CorpusError(EmodistError):
    """A file or a folder that does not look as its corpus promises."""


class AsideError(CorpusError):
    """A file that belongs to the corpus but is none of its recordings, as a whole dialogue."""


class AnnotationError(EmodistError):
    """Time-stamped labels that cannot be read, or that fit no recording."""


class OutputError(EmodistError):
    """An output folder that cannot be written, or that belongs to another run."""


class FileMemoryError(EmodistError):
    """A file that asks for more memory than it may have."""


class ProcessDiedError(EmodistError):
    """The child died while it worked on a file."""


class FileTimeoutError(EmodistError):
    """A file kept the child busy without a result, and the child was ended."""


class UnexpectedError(EmodistError):
    """An error that emodist does not know met a file; its name stands in the message."""


class FetchError(EmodistError):
    """What was downloaded did not arrive, or is not what was published."""


class YamnetError(EmodistError):
    """A YAMNet model that cannot be had, or that is not one."""


class ModelUnavailableError(YamnetError):
    """The model could not be fetched."""


class NotYamnetError(YamnetError):
    """The model has another interface or another front end."""
