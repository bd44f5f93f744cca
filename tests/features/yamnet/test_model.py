import numpy as np
import pytest

from emodist.errors import YamnetError
from emodist.features import _yamnet as yamnet

pytestmark = pytest.mark.tf

# Embeddings run from 0 to about 10, and many are exactly 0.
RTOL, ATOL = 1e-3, 2e-5
NOISE = np.random.default_rng(1).uniform(-1, 1, 60_000).astype(np.float32)


@pytest.mark.parametrize("backend", ["litert", "tensorflow"])
def test_batches_across_clips_equal_the_models_own_call_clip_by_clip(
    real_folder, real_call, speech, cache, backend
):
    model = yamnet.load(str(real_folder), backend=backend, cache=cache)
    silence = np.zeros(30_000, np.float32)
    clips = [*speech, silence, speech[0][20_000:24_000], NOISE, NOISE[:1], NOISE[:0]]
    outputs = model.embed_clips([yamnet.log_mel(clip) for clip in clips])
    for clip, (embeddings, scores) in zip(clips, outputs, strict=True):
        own_scores, own_embeddings, _ = real_call(clip)
        assert embeddings.shape == own_embeddings.shape
        np.testing.assert_allclose(embeddings, own_embeddings, RTOL, ATOL)
        np.testing.assert_allclose(scores, own_scores, RTOL, ATOL)
        np.testing.assert_allclose(
            yamnet.aggregate(embeddings)[:, 0], own_embeddings.mean(axis=0), RTOL, ATOL
        )


def test_a_row_does_not_depend_on_the_batch_it_was_in(real):
    patches = yamnet.patches(np.tile(NOISE, 5))
    together = real.embed(patches)[0]
    np.testing.assert_array_equal(
        together, np.concatenate([real.embed(patches[i : i + 1])[0] for i in range(len(patches))])
    )
    np.testing.assert_array_equal(together[5:], real.embed(patches[5:])[0])


def test_speech_is_speech_and_silence_is_silence(real, speech):
    _, scores = real.embed(yamnet.patches(speech[0]))
    assert real.class_slugs[scores.mean(axis=0).argmax()] == "speech"
    _, scores = real.embed(yamnet.patches(np.zeros(16_000, np.float32)))
    assert real.class_slugs[scores.mean(axis=0).argmax()] == "silence"


def test_any_network_with_the_interface_runs_with_batch_norm_and_nesting(tiny_folder, cache):
    import tensorflow as tf

    own_scores, own_embeddings, _ = tf.saved_model.load(str(tiny_folder))(NOISE)
    for backend in ("litert", "tensorflow"):
        model = yamnet.load(str(tiny_folder), backend=backend, cache=cache)
        assert model.backend == backend
        embeddings, scores = model.embed_blocks(yamnet.patch_blocks(NOISE, block=3))
        np.testing.assert_allclose(embeddings, own_embeddings, RTOL, ATOL)
        np.testing.assert_allclose(scores, own_scores, RTOL, ATOL)
    assert model.class_slugs == (
        "speech", "child_speech_kid_speaking", "music", "silence", "bee_wasp_etc"
    )  # fmt: skip


def test_no_patches_and_no_clips_give_no_rows(tiny):
    embeddings, scores = tiny.embed(np.empty((0, 96, 64), np.float32))
    assert embeddings.shape == (0, 16)
    assert scores.shape == (0, 5)
    assert tiny.embed_clips([]) == []


def test_patches_of_another_shape_are_refused(tiny):
    with pytest.raises(YamnetError, match=r"\(n, 96, 64\); got \(2, 64, 96\)"):
        tiny.embed(np.zeros((2, 64, 96), np.float32))
