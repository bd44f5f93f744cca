"""What must be said beside predictions: what the model is, how good it was, what nobody knows."""

import collections
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from emodist import registry
from emodist.media.settings import FeaturizeSettings
from emodist.media.speech import BY_LEVEL
from emodist.models import bundle
from emodist.models.card import Card
from emodist.predicting import voices
from emodist.predicting.settings import PredictSettings
from emodist.tables import locate


def trained_on(card: Card) -> str:
    """What the model is and how good it was, in one line."""
    data, metrics = card.data, card.metrics
    start = (
        f"{card.model} trained on {', '.join(data.corpora)} ({data.n_rows} rows, "
        f"{data.n_speakers} speakers)"
    )
    if not metrics:
        return f"{start}; it was not cross-validated"
    low, high = metrics["intervals"]["uar"]
    return (
        f"{start}; UAR {metrics['uar']:.3f} (95% {low:.3f} to {high:.3f}; chance "
        f"{1 / len(card.classes):.3f}) by {metrics['protocol']}"
    )


def caution(card: Card) -> str:
    """What that number does not say."""
    acted = [name for name in sorted(card.data.corpora) if is_acted(name)]
    start = f"{' and '.join(acted)} is acted speech. " if acted else ""
    return f"{start}Nothing here measured how good the model is on your media"


def is_acted(corpus: str) -> bool:
    """Whether the speakers of a corpus were told what to feel; False where that is not known."""
    if corpus not in registry.names("corpora"):
        return False
    entry: Any = registry.get("corpora", corpus)
    return entry.acted


def notes(
    settings: PredictSettings,
    made: FeaturizeSettings,
    card: Card,
    far: Sequence[str],
    normalized: Mapping[str, Any] | None = None,
) -> list[str]:
    """What a reader of the predictions must know.

    Parameters
    ----------
    far : strings
        From `rows.drift`.
    normalized : mapping, optional
        From `voices.told`, of a bundle that normalizes speakers.
    """
    said = [trained_on(card), caution(card), *card.notes]
    was = card.featurized
    if made.told_by() == "energy":
        said.append(BY_LEVEL)
    if made.cut != was.get("cut", "windows"):
        said.append(f"trained on segments of cut={was['cut']}, predicted on windows")
    elif (made.segment_s, made.hop_s) != (was["segment_s"], was["hop_s"]):
        said.append(
            f"trained on segment_s={_shown(was['segment_s'])} hop_s={_shown(was['hop_s'])}, "
            f"predicted with segment_s={_shown(made.segment_s)} hop_s={_shown(made.hop_s)}"
        )
    if card.speaker_norm:
        said.append(voices.sentence(normalized))
    if far:
        more = f" and {len(far) - 3} more" if len(far) > 3 else ""
        said.append(
            f"these media sound unlike the training data: the means of {', '.join(far[:3])}{more} "
            "lie over 3 standard deviations away, as with other microphones, codecs or much "
            "silence. Do not trust the labels; a bundle trained with speaker_norm=true stands more"
        )
    n_same, n_recordings = trained_too(settings)
    if n_same:
        said.append(
            f"{n_same} of {n_recordings} recordings were in the training data: their predictions "
            "say nothing about new ones"
        )
    return said


def trained_too(settings: PredictSettings) -> tuple[int, int]:
    """How many recordings the bundle learned from, by their sound, and how many there are."""
    seen = set(bundle.rows(settings.bundle)["audio_sha"].to_pylist())
    n_same = n_all = 0
    for batch in locate.table(settings.out, "recordings").to_batches(columns=["audio_sha"]):
        n_all += batch.num_rows
        n_same += sum(sha in seen for sha in batch["audio_sha"].to_pylist())
    return n_same, n_all


def counts(out: str) -> dict[str, Any]:
    """Segments of each label, and abstentions by reason."""
    labels: collections.Counter[str] = collections.Counter()
    reasons: collections.Counter[str] = collections.Counter()
    for rows in locate.files(out, "predictions").to_batches(["label", "abstained", "reason"]):
        sure = rows.filter(pc.invert(rows["abstained"]))
        for column, counter in ((sure["label"], labels), (rows["reason"].drop_null(), reasons)):
            for entry in column.value_counts().to_pylist():
                counter[entry["values"]] += entry["counts"]
    return {"labels": dict(labels.most_common()), "abstained": dict(reasons.most_common())}


def _shown(value: Any) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
