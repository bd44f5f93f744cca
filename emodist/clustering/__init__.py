"""Clusters of a feature table: how many, how stable, whose, and which clips to listen to.

`clusters` finds and keeps them, `quality` has indices and agreement, `words` the text about them.
"""
