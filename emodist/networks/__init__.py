"""Keras networks, one file each.

An entry is a frozen dataclass of settings with `inputs` ("vector": the numbers of flat features;
"image": one feature with two axes, mel bands by frames), `features` (the columns that it takes
where none are named; None: all flat ones), `SPACE` (what `emodist tune network` tries of its
settings, `emodist.spaces`), `SMALL` (settings of a network that learns two plain classes in a
second, for tests; without it the defaults are tested) and one method,
`build(shape, n_classes, mean, variance)`, which gives an untrained `keras.Model` from raw rows to
logits. Normalization is its first layer, and every layer is one of Keras's own, so a saved model
needs no code of emodist.

Keras is imported by `build`, not before.
"""

# What every entry has; the registry says which is missing.
NEEDED = ("inputs", "features", "SPACE", "build")
