# Everything from a fresh clone: `make demo`, `make test`. Needs Python 3.11 to 3.13.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test test-long test-all test-network test-fast lint benchmark docs clean

setup: $(VENV)/ready

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "emodist needs Python 3.11 to 3.13; make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: setup
	$(BIN)/emodist demo --out demo

# Two processes side by side, a file of tests in one of them: much of the time is waiting for
# processes to start. If one of them dies, so does the run: xdist would wait for its tests for ever.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0

test: lint
	$(PYTEST) -m 'not network and not long'

# What `make test` has no time for: lost nodes and workers, full disks, clusters that grow, chaos.
test-long: setup
	$(PYTEST) -m 'long and not network'

test-all: test test-long

# Downloads and installs what the images install: some ten minutes.
test-network: setup
	$(BIN)/python -m pytest -m network

test-fast: setup
	$(PYTEST) -m 'not ray and not tf and not slow and not network'

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy

benchmark: setup
	$(BIN)/python benchmarks/features.py
	$(BIN)/python benchmarks/decode.py
	$(BIN)/python benchmarks/end_to_end.py

# The pages of docs/ as build/site/index.html; a broken link or a figure that is nowhere is an error.
docs: setup
	$(BIN)/python docs/generate/readme.py
	$(BIN)/python -m mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) build dist demo *.egg-info
