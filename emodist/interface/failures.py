"""Media that could not be processed, told on stderr."""

import itertools
import sys
from collections.abc import Mapping
from typing import Any

from emodist.media.settings import MediaSettings

N_SHOWN = 5


def tell(summary: Mapping[str, Any], settings: MediaSettings) -> None:
    """The first failures, one line for all that say the same, and whether they are too many."""
    from emodist.pipelines import media_job

    _show(settings.out)
    if not media_job.is_acceptable(summary, settings):
        print(
            f"more files failed than max_failed_fraction={settings.max_failed_fraction:g} allows; "
            f"{settings.out}/failures says why",
            file=sys.stderr,
        )


def _show(out: str) -> None:
    from emodist.media import output

    # By what a message says beside the file's name: how many there are, and the first.
    groups: dict[str, list[Any]] = {}
    n_other = 0
    for row in itertools.chain.from_iterable(rows.to_pylist() for _, rows in output.failed(out)):
        said = row["message"].replace(row["uri"].rpartition("/")[2], "")
        if said in groups:
            groups[said][0] += 1
        elif len(groups) < N_SHOWN:
            groups[said] = [1, row["message"]]
        else:
            n_other += 1
    for n_files, message in groups.values():
        so_many = f"{n_files} files, such as " if n_files > 1 else ""
        print(f"failed: {so_many}{message}", file=sys.stderr)
    if n_other:
        print(f"and {n_other} more; all are in {out}/failures", file=sys.stderr)
