"""`emodist predict` as a Ray job; jobs/predict.yaml says how to submit it."""

import sys
from pathlib import Path

# Ray puts this file's folder on the path, not the root of the working directory.
sys.path.insert(0, str(Path(__file__).parents[1]))

from emodist.cli import job

if __name__ == "__main__":
    sys.exit(job("predict"))
