"""Saying what became of a job over media."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from emodist.commands import _parsers as parsers


def spare_pandas() -> None:
    """Let Arrow go without pandas in a process that is the command line's own."""
    from emodist.tables import arrow

    if parsers.is_program:
        arrow.without_pandas()


def answer(summary: Mapping[str, Any], settings: Any, given: argparse.Namespace) -> int:
    """The result on stdout; the exit code: 1 if more files failed than allowed."""
    print(json.dumps(summary) if given.json else text(summary))
    return exit_code(summary, settings)


def exit_code(summary: Mapping[str, Any], settings: Any) -> int:
    """1 if more files failed than the settings allow."""
    from emodist.pipelines import media_job

    return 0 if media_job.is_acceptable(summary, settings) else 1


def text(summary: Mapping[str, Any]) -> str:
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
    if summary["damaged"]:
        lines.append(f"{summary['damaged']} damaged recordings were kept (`damage` in recordings)")
    if summary["remarks"]:
        lines.append(f"{summary['remarks']} recordings have a `remark` (in the table recordings)")
    lines += summary["listing"]
    if summary["same_sound"]:
        lines.append(f"{summary['same_sound']} recordings have the same sound as another one")
    if summary["failed"]:
        lines.append("failed files are tried again with --retry-failed")
    if summary["changed"]:
        lines.append(f"{summary['changed']} files had changed and were processed again")
    lines.append(f"wrote {summary['out']}")
    return "\n".join(lines)
