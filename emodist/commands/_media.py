"""Running a job over media, and saying what became of it."""

import argparse
import itertools
import json
import sys
from typing import Any

from emodist.commands import _parsers as parsers


def run(settings: Any, given: argparse.Namespace) -> int:
    """Exit code of a media job: 1 if more files failed than allowed."""
    from emodist.pipelines import media_job

    with parsers.result_alone():
        summary = media_job.run(settings, retry_failed=given.retry_failed)
    show_failures(settings.out)
    print(json.dumps(summary) if given.json else report(summary))
    return exit_code(summary, settings)


def exit_code(summary: dict[str, Any], settings: Any) -> int:
    """1, and why on stderr, if more files failed than the settings allow."""
    from emodist.pipelines import media_job

    if media_job.is_acceptable(summary, settings):
        return 0
    print(
        f"more files failed than max_failed_fraction={settings.max_failed_fraction:g} allows; "
        f"{settings.out}/failures says why",
        file=sys.stderr,
    )
    return 1


def show_failures(out: str, n_shown: int = 5) -> None:
    """The first failures on stderr, one line for all that say the same."""
    from emodist.media import output

    # By what a message says beside the file's name: how many there are, and the first.
    groups: dict[str, list[Any]] = {}
    n_other = 0
    for row in itertools.chain.from_iterable(rows.to_pylist() for _, rows in output.failed(out)):
        said = row["message"].replace(row["uri"].rpartition("/")[2], "")
        if said in groups:
            groups[said][0] += 1
        elif len(groups) < n_shown:
            groups[said] = [1, row["message"]]
        else:
            n_other += 1
    for n_files, message in groups.values():
        so_many = f"{n_files} files, such as " if n_files > 1 else ""
        print(f"failed: {so_many}{message}", file=sys.stderr)
    if n_other:
        print(f"and {n_other} more; all are in {out}/failures", file=sys.stderr)


def report(summary: dict[str, Any]) -> str:
    """The summary of a media job in a few lines, the path last."""
    n_files = summary["recordings"] + summary["failed"]
    share = f" ({summary['failed'] / n_files:.1%})" if summary["failed"] else ""
    n_variants = summary["variants"]
    of_which = f" ({n_variants} of them augmented variants)" if n_variants else ""
    lines = [
        f"recordings {summary['recordings']}{of_which}   segments {summary['segments']}   "
        f"failed {summary['failed']}{share}   audio {summary['audio_h']:.2f} h"
    ]
    if summary["new"] or summary["new_failed"]:
        lines.append(
            f"this run: {summary['new']} new, {summary['new_failed']} failed, "
            f"{summary['seconds']:.1f} s, {summary['times_real_time']:.0f} times real time "
            f"({summary['engine']}, {summary['workers']} workers)"
        )
        if "cost" in summary:
            lines.append(
                f"cost {summary['cost']:.4g}: {summary['occupied_cpu_h']:.4g} CPU hours at "
                f"{summary['price_per_cpu_h']:g}"
            )
    else:
        lines.append("nothing new to do")
    if summary["same_sound"]:
        lines.append(f"{summary['same_sound']} recordings have the same sound as another one")
    if summary["changed"]:
        lines.append(f"{summary['changed']} files had changed and were processed again")
    lines.append(f"wrote {summary['out']}")
    return "\n".join(lines)
