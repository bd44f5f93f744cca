"""From rows to numbers: folds, classifiers, metrics, the leak audit. Arrays in, arrays out."""
