# make demo   reconstruct the sample stack with the shipped model
# make test   check the style and the types, and run the tests
# make docs   make the documentation site
#
# Another Python:  make PYTHON=python3.12 demo

PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
SAMPLE = data/sample/tubulin_3x5_low_light.tif

.PHONY: help demo test test-slow fuzz docs format clean

help:
	@echo "make demo       reconstruct the sample stack with the shipped model, into demo/"
	@echo "make test       check style and types, and run the tests (seven minutes on two cores, ten the first time)"
	@echo "make test-slow  run the tests that take longer"
	@echo "make fuzz       damaged files by the thousand through every reader, two minutes; needs Hypothesis"
	@echo "make docs       make the documentation site, build/docs/index.html; warnings are errors"
	@echo "make format     put the source into the project's style"
	@echo "make clean      remove everything that make makes (not runs/)"

demo: $(VENV)/installed
	$(BIN)/srredsim predict $(SAMPLE) --out demo --overwrite

# The processes that the tests start find the package compiled, also where the environment has it that nothing is kept.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto --maxprocesses 4

test-slow: $(VENV)/installed-test
	$(BIN)/python -m pytest -m slow

fuzz: $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check hypothesis
	$(BIN)/python tests/hostile/fuzz.py

docs: $(VENV)/installed-docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --write-all --quiet --conf-dir docs . build/docs
	@echo "build/docs/index.html"

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) demo build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find srredsim tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: installed again when the dependencies change.
$(VENV)/installed: pyproject.toml $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/installed-test: pyproject.toml $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	@touch $@ $(VENV)/installed

$(VENV)/installed-docs: pyproject.toml $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[docs]"
	@touch $@ $(VENV)/installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	    echo "srredsim needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is not one: try  make PYTHON=python3.12 demo" >&2; \
	    exit 1; }
	$(PYTHON) -m venv $(VENV)
	@# Beside the folder of the checkout, too, "import srredsim" finds the package, not this folder of the same name.
	@$(BIN)/python -c 'import pathlib, sysconfig; \
	    pathlib.Path(sysconfig.get_path("purelib"), "checkout.pth").write_text("$(CURDIR)\n")'
