import pytest

from emodist import config
from emodist.errors import ConfigError
from emodist.media.settings import ExtractSettings, FeaturizeSettings


def load(*words, file=None, kind=FeaturizeSettings, **given):
    return config.load(kind, file, words, **{"path": "x", "out": "y", **given})


@pytest.fixture
def yaml_file(tmp_path):
    def write(text):
        (tmp_path / "job.yaml").write_text(text)
        return str(tmp_path / "job.yaml")

    return write


def test_words_win_over_the_file_and_options_over_words(yaml_file):
    file = yaml_file("segment_s: 4\nhop_s: 2\nn_fft: 1024\n")
    settings = load("hop_s=1", "n_fft=512", file=file, n_fft=256)
    assert (settings.segment_s, settings.hop_s, settings.n_fft) == (4.0, 1.0, 256)


def test_values_get_the_type_that_the_setting_declares():
    settings = load("trim_db=null", "segment_s=auto", "features=mfcc, rms", "min_duration_s=1e-1")
    assert settings.trim_db is None
    assert settings.segment_s == "auto"
    assert settings.features == ("mfcc", "rms")
    assert settings.min_duration_s == 0.1


def test_settings_of_a_feature_stand_under_its_name(yaml_file):
    file = yaml_file("mfcc: {n_mfcc: 13}\nlog_mel: {n_mels: 64}\n")
    settings = load("mfcc.deltas=0", file=file)
    assert settings.feature_settings == {
        "mfcc": {"n_mfcc": 13, "deltas": 0},
        "log_mel": {"n_mels": 64},
    }
    assert settings.build_features()["mfcc"].shape(("mean",)) == (13,)


def test_settings_of_a_corpus_count_only_if_it_is_chosen():
    assert load("media.speaker_level=2").corpus_settings == {"speaker_level": 2}
    assert load("media.speaker_level=2", corpus="ravdess").corpus_settings == {}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("n_ftt=512", r"no setting 'n_ftt'; did you mean 'n_fft'\?"),
        ("mfcc.n_mffc=13", r"mfcc has no setting 'n_mffc'; did you mean 'n_mfcc'\?"),
        ("media.level=2", r"media has no setting 'level'"),
        ("features=mfc", r"features has no 'mfc'; did you mean 'mfcc'\?"),
        ("corpus=ravdes", r"corpora has no 'ravdes'; did you mean 'ravdess'\?"),
        ("functionals=mean,medain", r"medain"),
        ("n_fft=many", r"n_fft takes a whole number; got 'many'"),
        ("n_fft=2048.5", r"n_fft takes a whole number; got 2048.5"),
        ("segment_s=long", r"segment_s takes a number or auto or null; got 'long'"),
        ("segment_s=-1", r"segment_s must be finite and at least 0.01; got -1.0"),
        ("decoder=ffmpeg", r"decoder takes auto or moviepy; got 'ffmpeg'"),
        ("workers=0", r"workers must be at least 1"),
        ("max_failed_fraction=2", r"max_failed_fraction must be within 0 and 1"),
        ("features=", r"features takes a list of names"),
        ("mfcc=13", r"mfcc takes settings, as in mfcc.NAME=VALUE; got 13"),
        ("what", r"'what' is not a setting; write key=value"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(word, message):
    with pytest.raises(ConfigError, match=message) as error:
        load(word)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b", "expected `setting: value` lines"),
        ("a: [", "not YAML"),
        ("n_ftt: 1", r"job.yaml: no setting 'n_ftt'"),
        ("mfcc: {n_mffc: 1}", r"job.yaml: mfcc has no setting 'n_mffc'"),
    ],
)
def test_a_wrong_file_is_named(yaml_file, text, message):
    with pytest.raises(ConfigError, match=message):
        load(file=yaml_file(text))


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"none\.yaml: no such settings file"):
        load(file="none.yaml")


def test_a_path_and_an_output_are_needed():
    with pytest.raises(ConfigError, match="path is not set"):
        load(path="")
    with pytest.raises(ConfigError, match="out is not set"):
        load(out="")


def test_only_settings_that_change_rows_are_the_identity_of_an_output():
    assert load().fingerprint() == load("workers=3", "engine=local", out="z").fingerprint()
    assert load().fingerprint() != load("trim_db=20").fingerprint()
    assert load().fingerprint() != load("mfcc.n_mfcc=13").fingerprint()


def test_extract_has_no_settings_of_features():
    with pytest.raises(ConfigError, match="no setting 'features'"):
        load("features=mfcc", kind=ExtractSettings)


@pytest.mark.parametrize("kind", [ExtractSettings, FeaturizeSettings])
def test_every_setting_has_a_meaning_and_a_default(kind):
    for name, default, meaning in config.fields(kind):
        assert name
        assert isinstance(default, str)
        assert meaning
