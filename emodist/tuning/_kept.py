"""Where the networks of a trial stand between its steps."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from emodist import storage
from emodist.learning.folds import Fold
from emodist.network_training.state import State
from emodist.sweeps.proposals import Values


class Kept:
    """What a trial keeps between its steps; nothing without a folder.

    Files are of one configuration: a search that learns may give a trial another one after a
    break, with the same number.
    """

    def __init__(self, folder: str | None, values: Values):
        words = json.dumps(values, sort_keys=True).encode()
        digest = hashlib.blake2b(words, digest_size=6).hexdigest()
        self.folder = None if folder is None else storage.join(folder, digest)

    def steps(self) -> list[dict[str, Any]]:
        """What finished steps found."""
        written = self._read("steps.json")
        return [] if written is None else json.loads(written)

    def keep_step(self, steps: Sequence[dict[str, Any]]) -> None:
        if self.folder is not None:
            storage.write(storage.join(self.folder, "steps.json"), json.dumps(steps).encode())

    def place(self, fold: Fold) -> str | None:
        name = hashlib.blake2b(fold.name.encode(), digest_size=6).hexdigest()
        return None if self.folder is None else storage.join(self.folder, f"{name}.npz")

    def state(self, fold: Fold) -> State:
        """Where the network of a fold stands; a new one where there is none, or it is lost."""
        place = self.place(fold)
        written = None if place is None else self._read(place.rpartition("/")[2])
        return State() if written is None else State.from_bytes(written, place or "")

    def keep_state(self, fold: Fold, state: State) -> None:
        place = self.place(fold)
        if place is not None:
            storage.write(place, state.to_bytes())

    def _read(self, name: str) -> bytes | None:
        if self.folder is None:
            return None
        try:
            return storage.read(storage.join(self.folder, name))
        except FileNotFoundError:
            return None
