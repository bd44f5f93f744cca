"""Jobs over many files. This is the only floor that imports Ray, and only when it is used."""

import os

# Ray tells on stdout what its autoscaler does, amid the results; progress says how many CPUs there
# are. Ray reads this when it is first imported.
os.environ.setdefault("RAY_SCHEDULER_EVENTS", "0")
