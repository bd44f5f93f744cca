"""Clusterers, one file each, all from scikit-learn.

An entry is a frozen dataclass of settings with one method, `build(k, seed)`, which gives an
unfitted clusterer with `fit_predict`; the label -1 is noise. `TAKES_K` is False where the number
of clusters is found and not given; `MOST_ROWS` is set where time and memory grow with the square
of the rows; `SPACE` is what a sweep may try beside k (`emodist.spaces`). Scaling and PCA belong to
`emodist.clustering`.
"""

# What every entry has; the registry says which is missing.
NEEDED = ("TAKES_K", "MOST_ROWS", "SPACE", "build")
