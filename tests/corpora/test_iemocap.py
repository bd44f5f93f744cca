import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from emodist import config
from emodist.corpora.iemocap import Iemocap
from emodist.errors import AsideError, ConfigError, CorpusError
from emodist.media.settings import FeaturizeSettings
from emodist.pipelines import media_job

EVALUATION = """\
% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()
A-E3:\tval 3; act 2; dom  2;\t()

[10.0100 - 11.3925]\tSes01F_impro01_M001\txxx\t[2.5000, 2.5000, 2.5000]
C-E2:\tFrustration;\t()

[12.0000 - 13.0000]\tSes01F_impro01_M002\texc\t[4.5000, 4.0000, 3.5000]
[14.0000 - 15.0000]\tSes01F_impro01_F003\tfru\t[2.0000, 3.0000, 3.0000]
"""


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "Session1" / "dialog" / "EmoEvaluation"
    (folder / "Categorical").mkdir(parents=True)
    (folder / "Ses01F_impro01.txt").write_text(EVALUATION)
    (folder / "Categorical" / "Ses01F_impro01_e2_cat.txt").write_text("Ses01F_impro01_F000 :x;\n")
    (folder / "._Ses01F_impro01.txt").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "Session1" / "sentences" / "wav" / "Ses01F_impro01").mkdir(parents=True)
    return tmp_path


def turn(name):
    return f"Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_{name}.wav"


def test_the_last_letter_says_who_speaks(release):
    corpus = Iemocap().opened(str(release))
    assert corpus.describe(turn("F000")).speaker == "Ses01F"
    assert corpus.describe(turn("M002")).speaker == "Ses01M"


def test_four_classes_take_excited_as_happy_and_keep_the_raters_code(release):
    found = Iemocap().opened(str(release)).describe(turn("M002"))
    assert found.label == "happy"
    assert found.attributes["emotion"] == "exc"
    assert found.attributes["valence"] == "4.5000"
    assert (found.attributes["session"], found.attributes["kind"]) == ("1", "improvised")


def test_utterances_outside_of_the_four_classes_have_no_label(release):
    found = Iemocap().opened(str(release)).describe(turn("F003"))
    assert found.label is None
    assert found.attributes["emotion"] == "fru"


def test_all_classes_are_kept_apart_on_request(release):
    corpus = Iemocap(classes="all").opened(str(release))
    assert corpus.describe(turn("M002")).label == "excited"
    assert corpus.describe(turn("F003")).label == "frustrated"


@pytest.mark.parametrize(
    ("setting", "label"), [("unlabelled", None), ("label", "no agreement"), ("error", "error")]
)
def test_disagreement_is_what_the_setting_says(release, setting, label):
    corpus = Iemocap(without_agreement=setting).opened(str(release))
    if label == "error":
        with pytest.raises(CorpusError, match=r"Ses01F_impro01_M001\.wav did not agree"):
            corpus.describe(turn("M001"))
    else:
        assert corpus.describe(turn("M001")).label == label


def test_labels_are_found_from_the_sound_folder_too(release):
    corpus = Iemocap().opened(str(release / "Session1" / "sentences" / "wav"))
    assert corpus.describe("Ses01F_impro01/Ses01F_impro01_F000.wav").label == "neutral"


def test_a_release_without_evaluations_is_refused_at_once(tmp_path):
    with pytest.raises(CorpusError, match=r"dialog/EmoEvaluation.*label_folder"):
        Iemocap().opened(str(tmp_path))
    (tmp_path / "Session2" / "dialog" / "EmoEvaluation").mkdir(parents=True)
    with pytest.raises(CorpusError, match="no rated turn"):
        Iemocap().opened(str(tmp_path)).describe(turn("F000"))


def test_a_whole_dialogue_is_set_aside_and_other_names_are_refused(release):
    corpus = Iemocap().opened(str(release))
    for name in ("Ses01F_impro01.wav", "Ses03M_script02_2.avi", "Ses01F_script01_1.wav"):
        with pytest.raises(AsideError, match="whole dialogue"):
            corpus.describe(f"Session1/dialog/wav/{name}")
    with pytest.raises(CorpusError, match="not an IEMOCAP name"):
        corpus.describe("Ses06F_impro01_F000.wav")
    with pytest.raises(CorpusError, match="not in the EmoEvaluation"):
        corpus.describe(turn("F009"))


@pytest.mark.parametrize("name", ["Ses05F_script01_1b_F012", "Ses03M_impro05a_M022"])
def test_real_names_with_letters_in_the_dialogue_are_utterances(release, name):
    with pytest.raises(CorpusError, match="not in the EmoEvaluation"):
        Iemocap().opened(str(release)).describe(f"{name}.wav")


def test_the_rated_turns_of_the_sessions_at_hand_are_expected(release):
    corpus = Iemocap().opened(str(release))
    assert len(corpus.expected({"Ses01F_impro01_F000"})) == 4
    assert not corpus.expected({"Ses02F_impro01_F000"})


def test_the_four_classes_have_5531_turns():
    counts = Iemocap.label_counts
    assert sum(counts[x] for x in ("neutral", "angry", "sad", "happy", "excited")) == 5531


def test_unknown_settings_are_refused():
    with pytest.raises(ConfigError, match="four or all"):
        Iemocap(classes="five")
    with pytest.raises(ConfigError, match="unlabelled, label or error"):
        Iemocap(without_agreement="drop")


@pytest.mark.slow
def test_a_release_is_featurized_with_its_labels_and_without_its_dialogues(release, tmp_path):
    sound = np.random.default_rng(0).uniform(-0.1, 0.1, 8000)
    for name in ("F000", "M001", "M002"):
        soundfile.write(release / turn(name), sound, 16_000)
    soundfile.write(release / "Session1/dialog/Ses01F_impro01.wav", sound, 16_000)
    settings = config.load(
        FeaturizeSettings,
        None,
        ["features=rms", "engine=local", "workers=1"],
        path=str(release),
        out=str(tmp_path / "out"),
        corpus="iemocap",
    )
    summary = media_job.run(settings)
    assert (summary["recordings"], summary["failed"]) == (3, 1)
    rows = pq.read_table(tmp_path / "out" / "recordings").to_pylist()
    labels = {row["uri"][-8:-4]: (row["speaker"], row["label"]) for row in rows}
    assert labels == {
        "F000": ("Ses01F", "neutral"),
        "M001": ("Ses01M", None),
        "M002": ("Ses01M", "happy"),
    }
