"""What the doctor finds in small copies with the real naming schemes, and what it leaves alone."""

import contextlib
import json
import os
import shutil
import signal
import time

import numpy as np
import pytest
import soundfile

from emodist import cli, config, doctor
from emodist.corpora.ravdess import Ravdess
from emodist.errors import ConfigError, CorpusError
from emodist.media.child import Child
from emodist.media.settings import MediaSettings

pytestmark = pytest.mark.slow

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:c6f94b25\nsize 72862\n"


def write_sound(path, seed, peak=0.3):
    """A quarter of a second of noise, another for each seed; in 16 bits, so that FLAC is equal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).uniform(-peak, peak, 4000)
    soundfile.write(path, noise, 16_000, subtype="PCM_16")


def diagnose(folder, corpus, *words):
    settings = config.load(
        MediaSettings,
        None,
        [*words, "workers=2"],
        path=str(folder),
        out=str(folder),
        corpus=corpus,
    )
    return doctor.diagnose(settings)


def found(diagnosis, kind):
    return [finding for finding in diagnosis.findings if finding.kind == kind]


@pytest.fixture(scope="session")
def whole_actor(tmp_path_factory):
    """All 60 spoken recordings of a RAVDESS actor."""
    folder = tmp_path_factory.mktemp("ravdess")
    for seed, key in enumerate(sorted(Ravdess().expected({"03-01-01-01-01-01-07"}))):
        write_sound(folder / "Actor_07" / f"{key}.wav", seed)
    return folder


@pytest.fixture
def actor(whole_actor, tmp_path):
    """A copy of it to spoil."""
    return shutil.copytree(whole_actor, tmp_path / "ravdess") / "Actor_07"


def test_a_whole_actor_is_clean_and_the_other_actors_are_only_mentioned(whole_actor):
    diagnosis = diagnose(whole_actor, "ravdess")
    assert diagnosis.is_clean
    assert diagnosis.n_recordings == 60
    assert diagnosis.labels["neutral"] == 4
    assert diagnosis.speakers == {"07": 60}
    assert len(diagnosis.absent_speakers) == 23


def test_each_kind_of_trouble_is_found_once(actor):
    (actor / "03-01-02-01-01-01-07.wav").unlink()
    (actor / "03-01-02-01-01-02-07.wav").write_bytes(POINTER)
    (actor / "03-01-02-01-02-01-07.wav").write_bytes(b"RIFF not really")
    write_sound(actor / "03-01-02-01-02-02-07.wav", 0, peak=0.0)
    write_sound(actor / "notes.wav", 900)
    diagnosis = diagnose(actor.parent, "ravdess")
    assert [(f.kind, f.paths) for f in diagnosis.findings] == [
        ("missing", ("03-01-02-01-01-01-07",)),
        ("extra", ("Actor_07/notes.wav",)),
        ("unreadable", ("Actor_07/03-01-02-01-02-01-07.wav",)),
        ("silent", ("Actor_07/03-01-02-01-02-02-07.wav",)),
        ("lfs_pointer", ("Actor_07/03-01-02-01-01-02-07.wav",)),
    ]


def test_near_silence_is_silent_and_soft_speech_is_not(actor):
    write_sound(actor / "03-01-02-01-01-01-07.wav", 900, peak=0.0005)
    write_sound(actor / "03-01-02-01-01-02-07.wav", 901, peak=0.005)
    (finding,) = diagnose(actor.parent, "ravdess").findings
    assert finding.paths == ("Actor_07/03-01-02-01-01-01-07.wav",)


def test_equal_bytes_and_equal_sound_in_other_bytes_are_told_apart(actor):
    shutil.copy(actor / "03-01-03-01-02-01-07.wav", actor / "03-01-03-01-02-02-07.wav")
    samples, rate = soundfile.read(actor / "03-01-04-01-01-01-07.wav", dtype="int16")
    (actor / "03-01-04-01-01-02-07.wav").unlink()
    soundfile.write(actor / "03-01-04-01-01-02-07.flac", samples, rate)
    by_bytes, by_sound = diagnose(actor.parent, "ravdess").findings
    assert by_bytes.message == "have the same bytes"
    # This pair is in the published corpus.
    assert by_bytes.is_known
    assert by_sound.message == "have the same sound in different bytes"
    assert not by_sound.is_known


def test_the_same_sound_under_two_labels_is_a_duplicate_and_contradictory(actor):
    shutil.copy(actor / "03-01-03-01-01-01-07.wav", actor / "03-01-05-01-01-01-07.wav")
    diagnosis = diagnose(actor.parent, "ravdess")
    assert [f.kind for f in diagnosis.findings] == ["duplicate", "contradictory"]
    assert "labels angry and happy" in diagnosis.findings[1].message


def test_a_mirror_that_holds_every_file_twice_is_seen_as_copies(actor):
    shutil.copytree(actor, actor.parent / "again" / "Actor_07")
    diagnosis = diagnose(actor.parent, "ravdess")
    assert {f.kind for f in diagnosis.findings} == {"duplicate"}
    assert len(diagnosis.findings) == diagnosis.n_recordings == 60
    assert "and 40 more; --json lists all" in str(diagnosis)


def test_one_name_with_two_sounds_is_found(actor):
    write_sound(actor.parent / "other" / "Actor_07" / "03-01-02-01-01-01-07.wav", 900)
    (finding,) = diagnose(actor.parent, "ravdess").findings
    assert (finding.kind, finding.message) == (
        "duplicate",
        "are named as one recording, but differ",
    )


def test_a_file_in_another_actors_folder_is_contradictory(actor):
    (actor.parent / "Actor_08").mkdir()
    name = "03-01-02-01-01-01-07.wav"
    shutil.move(actor / name, actor.parent / "Actor_08" / name)
    (finding,) = diagnose(actor.parent, "ravdess").findings
    assert (finding.kind, finding.paths) == ("contradictory", (f"Actor_08/{name}",))


def test_the_known_defects_of_crema_d_are_found_and_known_as_such(tmp_path):
    sound = tmp_path / "AudioWAV"
    for seed, name in enumerate(
        ["1006_TIE_HAP_XX", "1013_WSI_DIS_XX", "1017_IWW_ANG_XX", "1001_DFA_ANG_XX"]
    ):
        write_sound(sound / f"{name}.wav", seed)
    shutil.copy(sound / "1006_TIE_HAP_XX.wav", sound / "1006_TIE_NEU_XX.wav")
    shutil.copy(sound / "1001_DFA_ANG_XX.wav", sound / "1001_DFA_SAD_XX.wav")
    write_sound(sound / "1076_MTI_SAD_XX.wav", 0, peak=0.0)
    (sound / "1002_DFA_ANG_XX.wav").write_bytes(POINTER)
    diagnosis = diagnose(tmp_path, "crema_d")
    assert [f.is_known for f in found(diagnosis, "contradictory")] == [False, True]
    assert [f.is_known for f in found(diagnosis, "silent")] == [True]
    assert len(found(diagnosis, "lfs_pointer")) == 1
    assert found(diagnosis, "missing")[0].message.startswith("8 of 7442 recordings")


def test_the_table_of_votes_says_what_is_missing(tmp_path):
    write_sound(tmp_path / "AudioWAV" / "1001_DFA_ANG_XX.wav", 0)
    (tmp_path / "processedResults").mkdir()
    (tmp_path / "processedResults" / "summaryTable.csv").write_text(
        "FileName,VoiceVote,FaceVote,MultiModalVote\n1001_DFA_ANG_XX,A,A,A\n1001_IEO_SAD_LO,S,S,S\n"
    )
    diagnosis = diagnose(tmp_path, "crema_d", "crema_d.label_source=perceived")
    assert [f.paths for f in found(diagnosis, "missing")] == [("1001_IEO_SAD_LO",)]


def test_emo_db_is_counted_for_each_label(tmp_path):
    write_sound(tmp_path / "wav" / "03a01Fa.wav", 0)
    (finding,) = diagnose(tmp_path, "emo_db").findings
    assert "1 of 535 recordings" in finding.message
    assert "anger 0 of 127" in finding.message


def test_the_misnamed_file_of_tess_is_neither_missing_nor_extra(tmp_path):
    for seed, emotion in enumerate(["angry", "disgust", "fear", "happy", "ps", "sad"]):
        write_sound(tmp_path / f"OAF_{emotion}" / f"OAF_bite_{emotion}.wav", seed)
    write_sound(tmp_path / "OAF_neutral" / "OA_bite_neutral.wav", 9)
    assert diagnose(tmp_path, "tess").is_clean


def test_whole_dialogues_of_iemocap_are_set_aside_and_not_decoded(tmp_path):
    evaluation = tmp_path / "Session1" / "dialog" / "EmoEvaluation"
    evaluation.mkdir(parents=True)
    (evaluation / "Ses01F_impro01.txt").write_text(
        "[6.29 - 8.23]\tSes01F_impro01_F000\tneu\t[2.5, 2.5, 2.5]\n"
    )
    write_sound(tmp_path / "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav", 0)
    (tmp_path / "Session1/dialog/Ses01F_impro01.avi").write_bytes(b"a video, in real life")
    diagnosis = diagnose(tmp_path, "iemocap")
    assert diagnosis.is_clean
    assert diagnosis.n_aside == 1


def test_names_may_repeat_in_folders_of_ones_own(tmp_path):
    write_sound(tmp_path / "Angry" / "x.wav", 0)
    write_sound(tmp_path / "Sad" / "x.wav", 1)
    assert diagnose(tmp_path, "folder").is_clean


def test_labels_that_differ_in_case_are_one_finding(tmp_path):
    for seed, label in enumerate(("happy", "Happy", "happy ", "sad", "happy")):
        write_sound(tmp_path / label / f"s{seed}.wav", seed)
    (one,) = found(diagnose(tmp_path, "folder"), "labels")
    assert one.message.startswith("'Happy' (1), 'happy' (3) differ only in case or blanks")
    assert one.paths == ("Happy/s1.wav",)


def dying(settings):
    return lambda uri: os.kill(os.getpid(), signal.SIGKILL)


def hanging(settings):
    return lambda uri: time.sleep(600)


@pytest.mark.parametrize(
    ("stage", "reason"), [(dying, "died (SIGKILL)"), (hanging, "no sound for 0.5 s")]
)
def test_a_file_that_ends_or_stops_its_decoder_costs_one_finding(stage, reason, tmp_path):
    settings = config.load(
        MediaSettings, None, ["file_timeout_s=0.5"], path=str(tmp_path), out=str(tmp_path)
    )
    with contextlib.closing(Child(stage, settings)) as child:
        assert reason in doctor._examined(child, "x.wav").error


def test_what_cannot_be_looked_at_is_a_wrong_request(tmp_path):
    with pytest.raises(ConfigError, match="no media files"):
        diagnose(tmp_path, "ravdess")
    write_sound(tmp_path / "MSP-PODCAST_0001_0008.wav", 0)
    with pytest.raises(CorpusError, match="labels_consensus"):
        diagnose(tmp_path, "msp_podcast")


def test_the_verb_prints_what_was_found_and_exits_with_one(actor, capsys):
    arguments = ["doctor", str(actor.parent), "--corpus", "ravdess", "--workers", "2"]
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.endswith("findings: none\n")
    (actor / "03-01-02-01-01-01-07.wav").unlink()
    assert cli.main([*arguments, "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["counts"]["missing"] == 1
    assert printed["findings"][0]["paths"] == ["03-01-02-01-01-01-07"]


@pytest.mark.slow
def test_the_copy_of_ravdess_at_hand_has_its_one_known_duplicate_and_nothing_else(shared_data):
    (finding,) = diagnose(shared_data / "ravdess", "ravdess").findings
    assert finding.kind == "duplicate"
    assert finding.is_known


@pytest.mark.parametrize("corpus", ["media", "folder"])
def test_names_that_are_not_utf8_are_findings(corpus, tmp_path, capsys):
    write_sound(tmp_path / "good" / "x.wav", 0)
    for name in (b"caf\xe9/y.wav", b"good/\xff.wav"):
        file = os.path.join(os.fsencode(tmp_path), name)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        shutil.copy(tmp_path / "good" / "x.wav", file)
    (tmp_path / "notes.txt").write_text("left out")
    (tmp_path / "gone.wav").symlink_to("nowhere")
    assert cli.main(["doctor", str(tmp_path), "--corpus", corpus]) == 1
    lines = capsys.readouterr().out.splitlines()
    for name in ("caf\ufffd/y.wav", "good/\ufffd.wav"):
        said = f"{name} has a name that is not UTF-8; rename it"
        assert f"unreadable: {name}: {said}" in lines
    assert "left out: 1 .txt" in lines
    assert any("gone.wav cannot be read: No such file" in line for line in lines)
    assert cli.main(["doctor", str(tmp_path), "--corpus", corpus, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["counts"]["unreadable"] == 3
