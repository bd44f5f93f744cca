"""Where a result comes from: prediction, fold or bundle, features, segments, file, hash.

Each command writes the link to the one before it: `predict.json` and `evaluation.json` name the
model and the table, `bundle.json` the table that it was trained on and a fingerprint of its rows,
`run.json` settings and versions, and every row its recording, times and the hash of its sound.
"""

import dataclasses
import importlib.metadata
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from emodist import storage
from emodist.errors import ConfigError, EmodistError
from emodist.learning import fingerprint as fingerprints
from emodist.media.settings import HOW, MediaSettings
from emodist.media.sound import Sound
from emodist.models import bundle, card, judging
from emodist.models.card import Learned
from emodist.tables import locate, records
from emodist.tables.table import Table

LEAST_PREFIX = 4
SHOWN_ROWS = 8
# Packages that decide about samples.
DECODERS = ("av", "soundfile", "soxr")


@dataclasses.dataclass(frozen=True)
class Places:
    """Where the links lie; those that are None are found from the others."""

    table: str | None = None
    evaluation: str | None = None
    predictions: str | None = None
    bundle: str | None = None


def trace(word: str, places: Places, verify: bool = False) -> dict[str, Any]:
    """The chain of one recording, newest link last.

    Parameters
    ----------
    word : str
        A recording_id, the start of one, or the path or URI of the file or the end of it.
    verify : bool
        Decode the file again and compare its hash; compare the fingerprint of the rows that were
        evaluated.

    Raises
    ------
    ConfigError
        If no recording, or more than one, is meant, or a place does not hold what it should.
    """
    evaluated = _json(places.evaluation, "evaluation.json", "emodist evaluate --out")
    predictions = places.predictions or _if_predicted(places.table)
    predicted = _json(predictions, "predict.json", "emodist predict")
    table = places.table or predictions or (evaluated or {}).get("table")
    if table is None:
        raise ConfigError("trace needs --table, --predictions or --evaluation")
    out = locate.output_folder(table)
    if out is None:
        raise ConfigError(f"{table} is no output folder of emodist featurize")
    recording, failed = _recording(word, out)
    made = locate.origin(out)
    chain: dict[str, Any] = {
        "recording": recording,
        "file": _file(recording, made, verify and not failed),
        "features": {**made, **_segments(out, recording["recording_id"])},
    }
    if evaluated is not None:
        assert places.evaluation is not None
        chain["evaluation"] = _evaluation(places.evaluation, evaluated, recording, verify)
    if predicted is not None:
        assert predictions is not None
        rows = locate.table(storage.absolute(predictions), "predictions")
        kept = {key: predicted[key] for key in ("bundle", "digest", "emodist")}
        chain["predictions"] = {
            "place": storage.absolute(predictions),
            **kept,
            "rules": predicted.get("rules"),
            "rows": _rows(rows, recording["recording_id"]),
        }
    model = places.bundle or (predicted or {}).get("bundle")
    if model is not None:
        chain["bundle"] = _bundle(model, recording, (predicted or {}).get("digest"))
    return chain


def _if_predicted(table: str | None) -> str | None:
    return table if table and storage.exists(storage.join(table, "predict.json")) else None


def _json(folder: str | None, name: str, command: str) -> dict[str, Any] | None:
    if folder is None:
        return None
    try:
        return records.read(storage.join(folder, name))
    except FileNotFoundError:
        raise ConfigError(f"{folder} has no {name}; is it the output of `{command}`?") from None


def _recording(word: str, out: str) -> tuple[dict[str, Any], bool]:
    """The row of `recordings`, or that of `failures`, and whether it is the latter."""
    place = storage.absolute(word)
    known, uri = pc.field("recording_id"), pc.field("uri")
    meant = (uri == place) | (uri == word) | pc.ends_with(uri, f"/{word.lstrip('./')}")
    if len(word) >= LEAST_PREFIX:
        meant |= pc.starts_with(known, word)
    for name in ("recordings", "failures"):
        parts = locate.table(out, name).find(meant, ["recording_id", "uri"])
        rows = [row for _, part in parts for row in part.to_pylist()]
        if len({row["recording_id"] for row in rows}) > 1:
            shown = ", ".join(f"{row['recording_id'][:8]} {row['uri']}" for row in rows[:3])
            raise ConfigError(f"{word!r} may be {len(rows)} recordings ({shown}, ...); say more")
        if rows:
            return rows[-1], name == "failures"
    raise ConfigError(
        f"{out} has no recording {word!r}; give a recording_id, its first {LEAST_PREFIX} or more "
        "digits, or a path"
    )


def _file(recording: Mapping[str, Any], made: Mapping[str, Any], verify: bool) -> dict[str, Any]:
    """Whether the file is there and as it was; its sound too, if asked."""
    if not storage.exists(recording["uri"]):
        return {"state": "missing"}
    size = storage.size(recording["uri"])
    state = "same size"
    if recording.get("size_bytes") not in (None, size):
        state = f"changed: {recording['size_bytes']} bytes then, {size} now"
    file = {"state": state, "size_bytes": size}
    if verify:
        file["sound"] = _sound(recording, made)
    return file


def _sound(recording: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    settings = MediaSettings(
        path=recording["uri"],
        out=made["uri"],
        max_duration_s=made["settings"]["max_duration_s"],
        **{name: made["settings"][name] for name in HOW if name in made["settings"]},
    )
    sound = Sound(recording["uri"], settings)
    try:
        for _ in sound:
            pass
    except EmodistError as error:
        return f"cannot be decoded: {error}"
    now = sound.outcome().audio_sha
    if now == recording["audio_sha"]:
        return "same"
    changed = [
        f"{name} {made['versions'].get(name)} then, {importlib.metadata.version(name)} now"
        for name in DECODERS
        if made["versions"].get(name) != importlib.metadata.version(name)
    ]
    why = f" ({'; '.join(changed)})" if changed else ""
    return f"differs: {now} now{why}"


def _segments(out: str, recording_id: str) -> dict[str, Any]:
    if "features" not in storage.names(out):
        return {"files": [], "segments": []}
    columns = ["segment", "start_s", "end_s", "speech_fraction", "label"]
    table = locate.table(out, "features")
    parts = list(_of_recording(table, recording_id, columns))
    names = dict.fromkeys(uri.rsplit("/", 1)[-1] for uri, _ in parts)
    return {
        "files": [f"features/{name}" for name in names],
        "segments": _by_segment(rows for _, rows in parts),
    }


def _rows(table: Table, recording_id: str) -> list[dict[str, Any]]:
    keys = ("recording_id", "uri", "corpus", "speaker", "audio_sha")
    columns = [name for name in table.schema.names if name not in keys]
    return _by_segment(rows for _, rows in _of_recording(table, recording_id, columns))


def _of_recording(
    table: Table, recording_id: str, columns: list[str]
) -> Iterator[tuple[str, pa.Table]]:
    return table.find(pc.field("recording_id") == recording_id, ["recording_id"], columns)


def _by_segment(parts: Iterable[pa.Table]) -> list[dict[str, Any]]:
    rows = [row for part in parts for row in part.to_pylist()]
    return sorted(rows, key=lambda row: row["segment"])


def _evaluation(
    place: str, record: Mapping[str, Any], recording: Mapping[str, Any], verify: bool
) -> dict[str, Any]:
    table = locate.open_table(storage.join(place, "predictions.parquet"))
    rows = _rows(table, recording["recording_id"])
    folds = record.get("folds", {})
    link = {
        "place": storage.absolute(place),
        **{
            key: record.get(key)
            for key in ("emodist", "table", "settings", "protocol", "data", "versions", "uar")
        },
        "folds": {name: folds[name] for name in {row["fold"] for row in rows} if name in folds},
        "rows": rows,
    }
    if verify and record.get("data"):
        # A network reads its numbers from the table as it needs them; its rows are known by key.
        is_network = "epochs" in record["settings"]
        features = [] if is_network else record["settings"]["features"]
        now = fingerprints.numbers(judging.labelled(record["table"], features))
        then = Learned.read(record["data"]).numbers
        link["rows_now"] = "same" if now == then else f"differ: {now}"
    return link


def _bundle(uri: str, recording: Mapping[str, Any], digest: str | None) -> dict[str, Any]:
    uri = storage.absolute(uri)
    about = card.read(uri)
    told, metrics = about.to_dict(), about.metrics or {}
    now = bundle.digest(uri)
    rows = bundle.rows(uri)
    same = pc.or_kleene(
        pc.equal(rows["recording_id"], recording["recording_id"]),
        pc.equal(rows["audio_sha"], recording.get("audio_sha") or ""),
    )
    link = {
        "uri": uri,
        "digest": now,
        "is_the_one_that_predicted": None if digest is None else digest == now,
        **{key: told[key] for key in ("emodist", "settings", "data", "origin", "versions")},
        "uar": metrics.get("uar"),
        "protocol": metrics.get("protocol"),
        "learned_from_this_recording": bool(pc.any(same).as_py()) if len(rows) else None,
    }
    return link


def text(chain: Mapping[str, Any], segment: int | None = None) -> str:
    """The chain in words, the source last; some rows of each link, or those of one segment."""
    lines: list[str] = []
    for name, show in (
        ("predictions", _predictions_text),
        ("evaluation", _evaluation_text),
        ("bundle", _bundle_text),
    ):
        if name in chain:
            lines += show(chain[name], segment)
    features = chain["features"]
    lines.append(f"features: {', '.join(features['files']) or 'none'} in {features['uri']}")
    lines.append(f"  made by emodist {features['emodist']}, {_pairs(features['versions'])}")
    lines.append(f"  with {_pairs(features['settings'])}")
    if "yamnet_sha256" in features:
        lines.append(f"  YAMNet {features['yamnet_sha256']}")
    lines += _some(
        features["segments"],
        segment,
        lambda row: f"speech {row['speech_fraction']:.2f}   {row['label'] or 'no label'}",
    )
    recording, file = chain["recording"], chain["file"]
    lines.append(f"recording: {recording['recording_id']}")
    if "error" in recording:
        lines.append(f"  failed at {recording['stage']}: {recording['message']}")
    else:
        lines.append(
            f"  {recording['duration_s']:.2f} s   corpus {recording['corpus']}   speaker "
            f"{recording['speaker']}   label {recording['label']}"
        )
        again = f"; decoded again: {file['sound']}" if "sound" in file else ""
        lines.append(f"  SHA-256 of its 16 kHz samples {recording['audio_sha']}{again}")
    lines.append(f"  {recording['uri']} ({file['state']})")
    return "\n".join(lines)


def _predictions_text(link: Mapping[str, Any], segment: int | None) -> list[str]:
    rules = link["rules"] or {}
    return [
        f"predictions: {link['place']}/predictions",
        f"  by bundle {link['digest'][:16]}, {_pairs(rules)}",
        *_some(link["rows"], segment, _predicted),
    ]


def _predicted(row: Mapping[str, Any]) -> str:
    why = f"   abstained: {row['reason']}" if row["abstained"] else ""
    return f"{row['label']} {row['confidence']:.2f}{why}"


def _evaluation_text(link: Mapping[str, Any], segment: int | None) -> list[str]:
    lines = [f"evaluation: {link['place']}, {link['protocol']}, UAR {link['uar']:.3f}"]
    lines.append(f"  {_pairs(link['settings'])}")
    for name, fold in link["folds"].items():
        tested = ", ".join(fold["test_speakers"][:12])
        more = ", ..." if len(fold["test_speakers"]) > 12 else ""
        lines.append(f"  fold {name} was fitted without its test speakers {tested}{more}")
    if link["data"]:
        again = f"; read again: {link['rows_now']}" if "rows_now" in link else ""
        lines.append(
            f"  {link['data']['n_rows']} rows of {link['table']}, fingerprint "
            f"{link['data']['fingerprint'][:16]}{again}"
        )
    return lines + _some(
        link["rows"],
        segment,
        lambda row: (
            f"{row['predicted']} {row['confidence']:.2f}   is {row['label']}   fold {row['fold']}"
        ),
    )


def _bundle_text(link: Mapping[str, Any], segment: int | None) -> list[str]:
    state = {None: "", True: ", the one that predicted", False: ", NOT the one that predicted"}
    learned = {
        None: "it does not say which rows it learned from",
        True: "it LEARNED FROM THIS RECORDING",
        False: "it did not learn from this recording",
    }
    data, origin = link["data"], link["origin"] or {}
    fingerprint = data["fingerprint"] or data["numbers"]
    lines = [
        f"bundle: {link['uri']}, {link['digest'][:16]}{state[link['is_the_one_that_predicted']]}",
        f"  {_pairs(link['settings'])}",
        f"  trained on {data['n_rows']} rows, {data['n_speakers']} speakers of "
        f"{', '.join(data['corpora'])}, fingerprint {fingerprint[:16]}, from "
        f"{origin.get('uri', 'an unknown table')}; {learned[link['learned_from_this_recording']]}",
    ]
    if link["uar"] is not None:
        lines.append(f"  UAR {link['uar']:.3f} by {link['protocol']}")
    return lines


def _some(rows: list[dict[str, Any]], segment: int | None, show: Any) -> list[str]:
    chosen = [row for row in rows if segment is None or row["segment"] == segment]
    lines = [
        f"  segment {row['segment']}   {row['start_s']:.2f} to {row['end_s']:.2f} s   {show(row)}"
        for row in chosen[:SHOWN_ROWS]
    ]
    if len(chosen) > SHOWN_ROWS:
        lines.append(f"  and {len(chosen) - SHOWN_ROWS} more (--segment N, --json)")
    return lines


def _pairs(settings: Mapping[str, Any]) -> str:
    shown = []
    for name, value in settings.items():
        if isinstance(value, list | tuple):
            value = ",".join(map(str, value))
        elif isinstance(value, dict):
            value = json.dumps(value) if value else "none"
        shown.append(f"{name}={'null' if value is None else value}")
    return " ".join(shown)
