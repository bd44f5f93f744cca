"""The verbs as Python functions, and what they give back; the command line calls the same.

`interface/evaluate.py` holds `emodist.evaluate`. A function takes the place of its input first,
then settings as keywords; it returns a small frozen object that reads rows when they are asked
for, draws itself, and shows itself in a notebook. Heavy modules are imported inside, so that
`import emodist` costs nothing.
"""
