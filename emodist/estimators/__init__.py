"""Classifiers, one file each, all from scikit-learn.

An entry is a frozen dataclass of settings with one method, `build(class_weight, seed)`, which
gives an unfitted classifier with `predict_proba`. `SPACE` is what a sweep may try
(`emodist.spaces`). Where a fitted model holds types that skops does not trust by itself, `trusts`
names them (a class attribute, or a property where it depends on the settings): only these are
loaded from a bundle, so none of them may run code when it is made. What stands before it (scaler,
winsorizer, PCA, SMOTE) is up to `emodist.learning.classifier`.
"""

# What every entry has; the registry says which is missing.
NEEDED = ("SPACE", "build")
