"""Small feature tables with sound, for the report's tests."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile

from emodist.tables import schema

MFCC = ("mfcc", (6,), tuple(f"mfcc_{n}_mean" for n in range(1, 7)))
RMS = ("rms", (2,), ("rms_mean", "rms_std"))
LOG_MEL = ("log_mel", (4, 5), ())


def write_table(
    folder,
    labels=("angry", "sad"),
    speakers=("01", "02", "03", "04", "05", "06"),
    per_cell=3,
    *,
    corpora=("acted",),
    with_sound=False,
    n_files=1,
    path=None,
):
    """An output folder of featurize. Numbers depend on speaker and label, and on chance."""
    rng = np.random.default_rng(0)
    rows, numbers = [], []
    for corpus in corpora:
        for who in speakers:
            for label in labels:
                for n in range(per_cell):
                    name = f"{corpus}-{who}-{'x' if label is None else labels.index(label)}-{n}"
                    rows.append(
                        {
                            "recording_id": name,
                            "segment": 0,
                            "start_s": 0.0,
                            "end_s": 0.5,
                            "uri": str(folder / "sound" / f"{name}.wav"),
                            "corpus": corpus,
                            "speaker": who,
                            "label": label,
                            "audio_sha": name,
                            "speech_fraction": 1.0,
                        }
                    )
                    shift = 0 if label is None else 3.0 * labels.index(label)
                    voice = 0 if who is None else 0.5 * speakers.index(who)
                    numbers.append(rng.normal(size=8) + voice + shift * np.eye(8)[0])
    fields = schema.features([MFCC, RMS, LOG_MEL])
    x = np.array(numbers)
    values = {"mfcc": x[:, :6], "rms": x[:, 6:], "log_mel": np.zeros((len(x), 4, 5))}
    folder.mkdir(exist_ok=True)
    (folder / "features").mkdir()
    for part in range(n_files):
        chosen = slice(part, None, n_files)
        columns = [
            schema.column(field, values[field.name][chosen])
            if schema.is_feature(field)
            else pa.array([row[field.name] for row in rows[chosen]], field.type)
            for field in fields
        ]
        table = pa.Table.from_arrays(columns, schema=fields)
        pq.write_table(table, folder / "features" / f"{part}.parquet")
    settings = {"job": "featurize", "path": path or str(folder / "sound"), "corpus": corpora[0]}
    record = {"emodist": "0", "settings": settings, "versions": {"numpy": "2"}}
    (folder / "run.json").write_text(json.dumps(record))
    if with_sound:
        (folder / "sound").mkdir()
        tone = 0.1 * np.sin(2 * np.pi * 220 * np.arange(8_000) / 16_000)
        for row in rows:
            soundfile.write(row["uri"], tone, 16_000)
    return str(folder)
