"""What can be tuned, one file each: its settings, its space, and how a configuration is judged.

An entry is a class that keeps `emodist.sweeps.trials.Kind`, with `SETTINGS` (a `SweepSettings`)
of its own.
"""
