"""Classifiers, one file each, all from scikit-learn.

An entry is a frozen dataclass of settings with one method, `build(class_weight, seed)`, which
gives an unfitted classifier with `predict_proba`. `SPACE` is what a sweep may try
(`emodist.spaces`). What stands before it (scaler, winsorizer, PCA, SMOTE) is up to
`emodist.learning.classifier`.
"""
