"""Sweeps over settings. What can be swept is in `emodist.tuning`.

`proposals` says what is tried next, `trials` what is given up early and what has been found,
`output` what is kept in the sweep's folder.
"""
