"""What a sweep of networks is told."""

import pytest

from emodist.errors import ConfigError
from emodist.tuning import _network_sweep
from emodist.tuning._network_sweep import SEARCHED, NetworkSweep
from tests.tuning.test_network import QUICK, write_table


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"models": ("deep_cnm",)}, "did you mean 'deep_cnn'"),
        ({"models": ()}, "models is empty"),
        ({"augment": ()}, "augment is empty"),
        ({"augment": ("mixupp",)}, "did you mean 'mixup'"),
        ({"augment": ("spec_augment",)}, "nothing that fits mlp_net; add none"),
        ({"inner_folds": 1}, "inner_folds must be at least 2"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"trials": 0}, "trials must be at least 1"),
        ({"cpus_per_trial": 0}, "cpus_per_trial must be at least 1"),
        ({"gpus_per_trial": 1.5}, "share of one GPU"),
        ({"gpus_per_trial": 0.5, "engine": "local"}, "gpus_per_trial=0.5 needs engine=ray"),
        ({"model_settings": {"mlp_net": {"widht": 3}}}, "mlp_net has no setting 'widht'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        NetworkSweep(**{**QUICK, **settings})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"models": ("mlp_net", "deep_cnn")}, "deep_cnn cannot learn from .*no feature 'log_mel'"),
        ({"models": ("yamnet_head",)}, "yamnet_head cannot learn from .*no feature 'yamnet'"),
        ({"features": ("rmss",)}, "no feature 'rmss'; did you mean 'rms'"),
        ({"models": ("deep_cnn",), "features": ("rms",)}, "none of features=rms fits it"),
    ],
)
def test_a_network_that_the_table_has_nothing_for_is_refused(settings, message, tmp_path):
    table = write_table(tmp_path / "t.parquet", without=("log_mel",))
    with pytest.raises(ConfigError, match=message):
        _network_sweep.columns_of(table, NetworkSweep(folds="group2", **settings))


def test_what_says_search_is_searched_and_nothing_else():
    space = _network_sweep.space(NetworkSweep(**QUICK, weight_decay="search", augment=("none",)))
    assert set(space) == {*SEARCHED, "mlp_net.dropout"}
    fixed = NetworkSweep(**QUICK, learning_rate=0.01, label_smoothing=0.0, augment=("none",))
    assert set(_network_sweep.space(fixed)) == {"mlp_net.dropout"}


def test_of_several_networks_one_is_chosen_with_what_changes_its_inputs():
    space = _network_sweep.space(NetworkSweep(models=("mlp_net", "deep_cnn")))
    assert space["model"] == ("choice", ("mlp_net", "deep_cnn"))
    # Images may be masked, numbers may be mixed only.
    assert space["vector.augment"] == ("choice", ("none", "mixup"))
    assert "spec_augment+mixup" in space["image.augment"][1]


def test_a_trial_has_settings_of_a_training():
    sweep = NetworkSweep(**QUICK, learning_rate=0.02, dev_fraction=0.5, seed=7)
    settings = sweep.of("mlp_net", augment=("mixup",))
    assert settings.model_settings == {"width": 8, "depth": 1}
    assert (settings.learning_rate, settings.dev_fraction, settings.seed) == (0.02, 0.5, 7)
    assert (settings.epochs, settings.augment) == (3, ("mixup",))


@pytest.mark.parametrize(
    ("settings", "resources"),
    [
        ({}, {"CPU": 1.0}),
        ({"cpus_per_trial": 2, "gpus_per_trial": 0.5}, {"CPU": 2.0, "GPU": 0.5}),
    ],
)
def test_what_a_trial_takes_of_a_machine_is_said_in_rays_words(settings, resources):
    assert NetworkSweep(**QUICK, **settings).resources() == resources


def test_a_network_by_default_that_the_table_has_nothing_for_is_left_out(tmp_path):
    table = write_table(tmp_path / "t.parquet", without=("log_mel",))
    assert _network_sweep.columns_of(table, NetworkSweep()) == {"mlp_net": ("rms",)}
