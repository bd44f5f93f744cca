"""Tables: the only door to them.

`schema` spells their columns, `locate` finds the files of a table, `parquet` and `stream` write
and read them in bounded memory, `flat` turns a table into plain columns, and `formats` (`arff`)
writes those for other programs.
"""
