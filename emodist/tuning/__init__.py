"""What can be tuned, one file each: its settings, its space, and how a configuration is judged.

An entry is a class with `SETTINGS` (a `sweeps.SweepSettings`) that keeps `sweeps.Kind`, and:

- `ENTRIES`: the setting and the registry folder that its configurations choose from;
- `load(table, settings)`: the entry for a table; all that is wrong with the request shows here;
- `data`: the rows, a `dataset.Dataset`, and `fingerprint()`: a hash of all that is learned from;
- `settings_of(values)`: a configuration as settings of the job that would use it (`best.yaml`);
- `score_name`, and `measures(row)`: further numbers of a trial, by the names in `MEASURES`;
- `refits(rows)`: a further, short sweep, of winners that are to be fitted again; None: there is
  none. `conclude` gets its rows too;
- `conclude(rows)`: what the sweep found, as plain JSON values;
- `text(found)`: the same for a person.
"""
