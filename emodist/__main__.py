"""`python -m emodist` is `emodist`."""

import sys

from emodist.cli import main

sys.exit(main())
