"""Classifiers, one file each, all from scikit-learn.

An entry is a frozen dataclass of settings with one method, `build(class_weight, seed)`, which
gives an unfitted classifier with `predict_proba`. What stands before it (scaler, PCA, SMOTE)
belongs to `emodist.training`.
"""
