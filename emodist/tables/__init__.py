"""Tables: the only door to them.

`schema` spells their columns, `locate` finds a table, `table` reads its rows, `parquet` and
`stream` write and read single files in bounded memory; `plain` reads lists that users wrote,
`native` is what Arrow is given to read. `flat` turns a table into plain columns, and `formats`
(`arff`) writes those for other programs. `claim` says whose an output folder is.
"""
