"""Predictions of a bundle for a table of its own features, and a timeline of each recording.

What is written into an output folder of `featurize`, beside its `features/`:

- `predict.json`: which bundle, the rules, what came out;
- `predictions/*.parquet`: one file for each of `features/`, with a row per segment: its keys, the
  probability of each class, `label`, `confidence`, `abstained`, and the `reason` for that; `truth`
  is the label that the table had, if any;
- `timelines/PATH.json`, `.vtt` and `.png`: one recording in time (`timeline`). A recording of one
  segment has none: its row says all.

`settings` holds what is decided beforehand, `rows` the predictions, `timeline` and `files` the
timelines, `about` the words, `score` how right they are where labels are known, `folder` the output
folder.
"""
