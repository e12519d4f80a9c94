PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
CODE = src tests proofs benchmarks

.PHONY: demo test test-slow test-oldest lint types bench clean

demo: $(READY)  ## train on the embedded digits for 75 seconds and show what to type next
	$(BIN)/gansmith train digits --minutes 1.25 --seed 0 --out runs/demo --overwrite

test: $(READY)  ## set up and run the tests, but for the slow ones
	$(BIN)/python -m pytest -n 2

test-slow: $(READY)  ## the slow tests: long proofs, and runs from end to end
	$(BIN)/python -m pytest -n 2 -m slow

test-oldest:  ## the tests with the oldest packages that pyproject.toml promises, in an environment of their own
	$(MAKE) VENV=.venv-oldest READY_OPTIONS='-c .ci/oldest.txt' test

lint: $(READY) types
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: $(READY)  ## mypy on the files that pyproject.toml lists
	$(BIN)/mypy

bench: $(READY)  ## speed of the loop and of imports, as ratios
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/loop.py

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gansmith needs Python 3.11 or newer: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -e '.[dev]' $(READY_OPTIONS)
	@touch $(READY)

clean:
	rm -rf $(VENV) .venv-oldest build dist
