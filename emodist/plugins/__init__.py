"""Entries of the registries that stand outside the package: a folder laid out as the package is.

    my_folder/features/breath_rate.py       holds `BreathRate`, the feature `breath_rate`
    my_folder/corpora/our_lab.py            holds `OurLab`, the corpus `our_lab`
    my_folder/estimators/_shared.py         a helper: `from emodist.estimators import _shared`

Any job takes `plugins=my_folder`, or several with commas. A package that is installed needs no
setting: its entry point in the group `emodist.plugins` names a module or package whose folder has
this layout. What an entry has to hold, the `__init__` of each registry folder says.

The files become modules beside those of the package (`emodist.features.breath_rate`), so a name is
there once: one that hides an entry or a helper of emodist is refused. Settings take their plugins
along to every process that they are sent to, as source text: a worker on another machine needs no
copy of the folder, and a file that is edited during a run changes nothing in it. Packages that a
plugin imports must be installed where it runs.

- `folders`: which folders are in force, what they hold, and which version of it;
- `entries`: an entry by its name, and what is wrong with it by file and line.
"""
