"""The verbs of the command line: `commands/export_model.py` is `emodist export-model`.

The first line of a module says what the command makes; `run(words)` does it and returns the exit
code. Heavy modules are imported inside `run`, so that help and errors come at once.
"""
