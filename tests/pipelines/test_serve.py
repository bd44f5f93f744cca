"""The service: real Ray Serve on a free port, asked for what `emodist predict` says too."""

import concurrent.futures
import dataclasses
import io
import json
import signal
import socket
from pathlib import Path

import numpy as np
import pytest
import requests
import soundfile

import emodist
from emodist import cli, synthesis
from emodist.errors import AudioError, ConfigError, EmodistError
from emodist.learning.settings import TrainSettings
from emodist.media.settings import FeaturizeSettings
from emodist.models import bundle, judging
from emodist.pipelines import media_job
from emodist.predicting import single
from emodist.predicting.settings import ServeSettings
from emodist.tables import locate
from tests.pipelines.conftest import start

LIMIT_MB = 4


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Bundles trained on the demo's clips, plain and scaled by speaker, and a vlog."""
    root = tmp_path_factory.mktemp("demo")
    synthesis.write_corpus(root / "corpus", n_speakers=3, n_per_emotion=2, n_vlogs=1)
    settings = FeaturizeSettings(
        path=f"{root}/corpus/clips",
        out=f"{root}/clips",
        corpus="folder",
        corpus_settings={"speaker_pattern": "prefix"},
        features=("mfcc", "rms"),
        engine="local",
    )
    media_job.run(settings)
    for name, is_scaled in (("plain", False), ("scaled", True)):
        chosen = TrainSettings(model="logistic_regression", folds="loso", speaker_norm=is_scaled)
        judging.train(settings.out, chosen, f"{root}/{name}")
    return root


@pytest.fixture(scope="module")
def vlog(demo):
    return demo / "corpus" / "vlogs" / "channel_1" / "vlog_1.mp4"


@pytest.fixture(scope="module")
def url(demo):
    """Where `emodist serve` answers; ended as by whoever supervises it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = (f"max_body_mb={LIMIT_MB}", "max_duration_s=120")
    service = start("serve", demo / "plain", "--port", port, "--json", *settings)
    line = service.stdout.readline()
    if not line:
        pytest.fail(service.communicate()[1])
    try:
        yield json.loads(line)["url"]
    finally:
        service.send_signal(signal.SIGTERM)
        _, said = service.communicate(timeout=120)
    assert service.returncode == 0, said
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/health", timeout=10)


def post(url, path, **query):
    return requests.post(f"{url}/predict", data=Path(path).read_bytes(), params=query, timeout=300)


def predicted(bundle_uri, path, out, *words):
    """The rows of `emodist predict`, as the service would say them."""
    more = ("--engine", "local", "timelines=json", *words)
    assert cli.main(["predict", str(bundle_uri), str(path), "--out", str(out), *more]) == 0
    rows = locate.open_table(f"{out}/predictions").to_table().sort_by("segment").to_pylist()
    classes = bundle.load(str(bundle_uri)).classes
    return [
        {
            **{k: row[k] for k in ("start_s", "end_s", "speech_fraction", "confidence")},
            **{k: row[k] for k in ("abstained", "reason")},
            "label": None if row["abstained"] else row["label"],
            "probabilities": {name: row[f"p_{name}"] for name in classes},
        }
        for row in rows
    ]


def wav(seconds, scale=0.1, rate=16_000):
    file = io.BytesIO()
    noise = np.random.default_rng(1).normal(0, scale, round(seconds * rate)).clip(-1, 1)
    soundfile.write(file, noise, rate, format="WAV")
    return file.getvalue()


@pytest.mark.ray
@pytest.mark.slow
def test_health_says_which_bundle_answers(url, demo):
    answer = requests.get(f"{url}/health", timeout=60)
    assert answer.json() == {
        "ready": True,
        "bundle": bundle.digest(f"{demo}/plain"),
        "version": emodist.__version__,
    }


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize("query", [{}, {"segment_s": "4", "hop_s": "2"}], ids=["own", "windows"])
def test_the_numbers_are_those_of_predict(url, demo, vlog, tmp_path, query):
    answer = post(url, vlog, **query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    words = [f"{name}={value}" for name, value in query.items()]
    assert found["segments"] == predicted(demo / "plain", vlog, tmp_path / "out", *words)
    assert len(found["segments"]) > 5
    assert found["bundle"] == bundle.digest(f"{demo}/plain")
    assert found["classes"] == list(bundle.load(f"{demo}/plain").classes)
    assert (
        found["notes"]
        == json.loads((tmp_path / "out/predict.json").read_text())["summary"]["notes"]
    )


@pytest.mark.ray
@pytest.mark.slow
def test_a_real_clip_gets_what_predict_says_of_it(url, demo, shared_data, tmp_path):
    clip = min(shared_data.rglob("03-01-0[1-8]-*.wav"), default=None)
    if clip is None:
        pytest.skip("RAVDESS is not here")
    answer = post(url, clip)
    assert answer.json()["segments"] == predicted(demo / "plain", clip, tmp_path / "out")


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "query", "message"),
    [
        (b"", {}, "media: is empty"),
        (b"not a sound, nor a film" * 50, {}, "media: "),
        (wav(121, rate=8_000), {}, "max_duration_s"),
        (wav(0.01), {}, "min_duration_s"),
        (wav(1), {"segment_s": "long"}, "segment_s takes a number"),
        (wav(1), {"segment_s": "4", "hop_s": "0.1"}, "hop_s must be at least 0.25"),
        (wav(1), {"segment": "4"}, "no setting 'segment'; did you mean 'segment_s'?"),
    ],
    ids=["empty", "text", "too long", "too short", "no number", "too many", "no setting"],
)
def test_what_cannot_be_predicted_is_400_in_one_line(url, body, query, message):
    answer = requests.post(f"{url}/predict", data=body, params=query, timeout=300)
    assert answer.status_code == 400, answer.text
    said = answer.json()["detail"]
    assert message in said
    assert "\n" not in said
    assert "/" not in said.replace("and/or", ""), "a path of the server"


@pytest.mark.ray
@pytest.mark.slow
def test_a_film_without_sound_is_400(url, vlog):
    answer = post(url, vlog.with_name("silent_film.mp4"))
    assert answer.status_code == 400
    assert answer.json()["detail"] == "media: has no audio stream (its streams: video)"


@pytest.mark.ray
@pytest.mark.slow
def test_a_form_is_refused_with_what_to_send_instead(url):
    answer = requests.post(f"{url}/predict", files={"file": wav(1)}, timeout=60)
    assert answer.status_code == 400
    assert "--data-binary" in answer.json()["detail"]


def _pieces(n_bytes):
    for _ in range(0, n_bytes, 65_536):
        yield bytes(65_536)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_above_the_limit_is_413(url, is_announced):
    n_bytes = (LIMIT_MB + 1) * 10**6
    body = bytes(n_bytes) if is_announced else _pieces(n_bytes)
    answer = requests.post(f"{url}/predict", data=body, timeout=60)
    assert answer.status_code == 413
    assert f"{LIMIT_MB} MB" in answer.json()["detail"]


@pytest.mark.ray
@pytest.mark.slow
def test_other_methods_are_405_and_other_places_404(url):
    assert requests.get(f"{url}/predict", timeout=60).status_code == 405
    assert requests.post(f"{url}/health", timeout=60).status_code == 405
    assert requests.get(f"{url}/nowhere", timeout=60).status_code == 404


@pytest.mark.ray
@pytest.mark.slow
def test_requests_at_the_same_time_get_their_own_answers(url):
    bodies = [wav(1 + index) for index in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = pool.map(
            lambda body: requests.post(f"{url}/predict", data=body, timeout=300).json(), bodies
        )
    assert [answer["duration_s"] for answer in answers] == [1, 2, 3, 4]


@pytest.mark.slow
def test_a_recording_is_scaled_by_itself_as_predict_scales_it(demo, vlog, tmp_path):
    predictor = single.Predictor(ServeSettings(bundle=f"{demo}/scaled"))
    try:
        found = predictor(str(vlog))
        assert found["segments"] == predicted(demo / "scaled", vlog, tmp_path / "out")
        assert any(not segment["abstained"] for segment in found["segments"])
        # A file that fails leaves nothing to the next one, and nor does one that is done.
        (tmp_path / "text").write_text("no sound")
        with pytest.raises(AudioError):
            predictor(str(tmp_path / "text"))
        assert predictor(str(vlog)) == found
    finally:
        predictor.close()


@pytest.mark.slow
def test_a_bundle_that_cannot_answer_is_refused_when_it_is_loaded(demo):
    with pytest.raises(EmodistError, match=r"first prediction.*too long"):
        single.Predictor(ServeSettings(bundle=f"{demo}/plain", max_duration_s=0.5))


@pytest.mark.slow
def test_a_child_that_is_killed_is_replaced(demo, vlog):
    predictor = single.Predictor(ServeSettings(bundle=f"{demo}/plain"))
    try:
        before = predictor(str(vlog))
        process, _ = predictor._own.runner.decoder._live
        process.kill()
        assert predictor(str(vlog)) == before
    finally:
        predictor.close()


@pytest.mark.slow
def test_what_belongs_to_the_instance_is_no_argument_of_the_application():
    # Imported here: Ray Serve takes seconds.
    from emodist.pipelines import serve

    with pytest.raises(ConfigError, match="host is no argument; it is set in http_options"):
        serve.build({"bundle": "b", "host": "0.0.0.0"})
    with pytest.raises(ConfigError, match="max_body_mb"):
        serve.build({"bundle": "b", "max_body": 3})


@pytest.mark.parametrize(
    "wrong", [{"bundle": ""}, {"port": 0}, {"replicas": 0}, {"max_body_mb": 0}], ids=str
)
def test_a_wrong_setting_is_refused_by_name(wrong):
    with pytest.raises(ConfigError, match=f"^{next(iter(wrong))} "):
        dataclasses.replace(ServeSettings(bundle="b"), **wrong)


@pytest.mark.slow
def test_a_folder_that_is_no_bundle_is_refused_before_ray_starts(tmp_path, capsys):
    assert cli.main(["serve", str(tmp_path)]) == 2
    assert "is no bundle" in capsys.readouterr().err


@pytest.mark.slow
def test_a_port_that_is_taken_is_said_in_one_line():
    from emodist.pipelines import serve

    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ServeSettings(bundle="b", port=taken.getsockname()[1])
        with pytest.raises(EmodistError, match=r"^cannot listen on .*choose another port=N"):
            serve._check_port(settings)
