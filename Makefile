# Lurewatch: every chore by name. `make` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.locked

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## create the virtual environment from the lock file

$(STAMP): requirements.lock pyproject.toml model/text/compiled.pyx
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)"
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $(STAMP)

demo: $(STAMP) ## the whole pipeline on a sample job board; prints the riskiest adverts and opens the console
	$(BIN)/lurewatch demo $(ARGS)

check: $(STAMP) ## format, lint, strict types, import contracts, declared dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/fawltydeps --check

test: $(STAMP) ## every test
	$(BIN)/pytest -q -n 3 --dist loadfile --durations=30 $(ARGS)

train: $(STAMP) ## train a candidate from the repository
	$(BIN)/lurewatch train $(ARGS)

serve: $(STAMP) ## the scoring API and the review console on this machine
	$(BIN)/lurewatch migrate
	$(BIN)/lurewatch serve $(ARGS)

lock: ## renew the lock file from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --all-extras --generate-hashes --no-emit-index-url --no-header --upgrade -q -o requirements.lock

.PHONY: help setup demo check test train serve lock
