"""A network of a bundle in a format that other programs run: SavedModel, TFLite or ONNX."""

from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    from emodist.models import export

    parser = parsers.parser(
        __name__,
        "emodist export-model bundle/ --format tflite --out exported/",
        "Rows go in as they stand in a table (float32, a batch first), probabilities come out, in\n"
        "the order of `classes` in about.json. Normalization and temperature are inside.",
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="of a network, as `emodist train` makes")
    parser.add_argument("--out", required=True, metavar="DIR", help="output folder")
    parser.add_argument(
        "--format",
        choices=export.FORMATS,
        default="saved_model",
        help="(default: saved_model)",
    )
    given = parser.parse_args(words)
    from emodist.errors import ConfigError
    from emodist.models import bundle
    from emodist.models.network_bundle import NetworkBundle

    loaded = bundle.load(given.bundle)
    if not isinstance(loaded, NetworkBundle):
        raise ConfigError(f"{given.bundle} is of a classifier; export-model takes networks")
    print(f"wrote {export.export(loaded, given.out, given.format)}")
    return 0
