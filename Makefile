# Sandfleet on one machine. `make` alone explains itself.
# Settings: make up SANDFLEET_PORT=3001; those of the services too, all listed in README.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROOMS := api worker subscriber fleet setup
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PYTHON PYTHONDONTWRITEBYTECODE := 1

##@ The cluster

.PHONY: dev
dev: python ## Look around without an engine, in this terminal, until Ctrl-C; LANGS="a b" adds languages
	@setup/engine.sh dev-programs
	@$(PYTHON) -m setup.dev up

.PHONY: up
up: python engine ## Start everything: engine, images, cluster; then run a first job in every language
	@$(PYTHON) -m setup.images --starters
	@$(PYTHON) -m setup.cluster up

.PHONY: demo
demo: python engine ## Walk through every service of the API on a fleet of its own, and print what came of it
	@$(PYTHON) -m setup.images --starters
	@$(PYTHON) -m setup.demo

.PHONY: down
down: python ## Stop and remove everything that runs, the queue's data included
	@$(PYTHON) -m setup.dev down
	@$(PYTHON) -m setup.cluster down
	@setup/engine.sh stop

.PHONY: logs
logs: python ## Follow the completions as the subscriber logs them
	@$(PYTHON) -m setup.cluster logs

.PHONY: ps
ps: python ## Show what runs
	@$(PYTHON) -m setup.cluster ps

.PHONY: scale
scale: python ## Change the number of workers: make scale WORKERS=3
	@WORKERS="$(WORKERS)" $(PYTHON) -m setup.cluster scale

.PHONY: doctor
doctor: python engine ## Check this machine and the running cluster, with a remedy for each fault
	@$(PYTHON) -m setup.images --starters
	@$(PYTHON) -m setup.cluster doctor

.PHONY: images
images: python engine ## Build every language and service that has changed; LANGS="a b" for some languages only
	@$(PYTHON) -m setup.images $(LANGS)

##@ API keys

.PHONY: key
key: python ## Make an API key: make key NAME=judge SCOPES=submit,read JOBS_PER_MINUTE=600 OPEN_MAX=1000
	@$(PYTHON) -m setup.cluster key-create

.PHONY: keys
keys: python ## List the API keys
	@$(PYTHON) -m setup.cluster key-list

.PHONY: key-rotate
key-rotate: python ## Give a key another token: make key-rotate ID=... GRACE=86400 (seconds the old one is good)
	@$(PYTHON) -m setup.cluster key-rotate

.PHONY: key-revoke
key-revoke: python ## End a key for good: make key-revoke ID=...
	@$(PYTHON) -m setup.cluster key-revoke

##@ Development

.PHONY: check
check: $(VENV) ## Format, lint, types, import rules
	@$(BIN)/ruff format --check --quiet . || { echo "make format mends it"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --strict $(ROOMS) tests bench
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/shellcheck setup/*.sh .ci/run
	@if command -v gcc >/dev/null; then gcc $(C_WARNINGS) -fsyntax-only sandbox-images/init/init.c; fi
# Where there is no compiler, the image of init says the same when it is built.
C_WARNINGS := -std=gnu11 -Wall -Wextra -Werror -O2

.PHONY: test
test: $(VENV) images test-programs ## Run every test, on the real engine and a real Redis; ARGS="-n 0 tests/chaos" for a part
	@$(BIN)/python -m pytest -n 2 $(ARGS) || { [ $$? -eq 1 ] && \
	  echo "Once more, what failed alone: beside all others a real process may have starved. Look at it all the same." && \
	  $(BIN)/python -m pytest --last-failed $(ARGS); }
# Two processes, for most tests wait; what each runs is in tests/schedule.py.

.PHONY: test-unit
test-unit: $(VENV) ## Run the tests that need neither engine nor Redis
	@$(BIN)/python -m pytest tests/unit tests/house $(ARGS)

.PHONY: chaos
chaos: $(VENV) images test-programs ## Torment a fleet and see whether it keeps its promise: SECONDS=60 SEED=1
	@$(BIN)/python -m tests.chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: overload
overload: $(VENV) images test-programs ## Offer five times what this machine sustains: SECONDS=60 ARGS="--runtime crun"
	@$(BIN)/python -m tests.load overload $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

.PHONY: soak
soak: $(VENV) images test-programs ## Half an hour at 80 % of what it sustains, and whether anything grows: SECONDS=1800
	@$(BIN)/python -m tests.load soak $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

.PHONY: bench
bench: $(VENV) images test-programs ## Measure Sandfleet and its peers in one run: a table, JSON and a plot; ARGS="--quick crun"
	@$(BIN)/python -m bench $(ARGS)

.PHONY: abuse
abuse: $(VENV) images test-programs ## Attack the sandboxes of this machine: a table of verdicts; ARGS="--runtime crun"
	@$(BIN)/python -m tests.abuse $(ARGS)

.PHONY: fuzz
fuzz: $(VENV) test-programs ## Feed every reader of foreign bytes with bytes nobody should send; ARGS="init --seconds 600"
	@setup/engine.sh fuzz-programs
	@$(BIN)/python -m pip install --quiet atheris==3.0.0
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: mutants
mutants: $(VENV) images test-programs ## Break the queue protocol in every way we know and see that the tests notice
	@$(BIN)/python -m tests.contract.queue_mutants $(ARGS)
	@$(BIN)/python -m tests.contract.delivery_mutants $(ARGS)

.PHONY: format
format: $(VENV) ## Format the code and mend what lint can mend
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .

.PHONY: docs-tables
docs-tables: $(VENV) ## Write the tables of README.md and SECURITY.md from the code
	@$(BIN)/python -m setup.readme_tables
	@$(BIN)/python -m setup.security_tables

.PHONY: openapi
openapi: $(VENV) ## Write docs/openapi.json, the description of the API, from the code
	@$(BIN)/python -m setup.openapi

.PHONY: requirements
requirements: $(VENV) ## Pin the newest versions, with hashes, from pyproject.toml
	@$(BIN)/python -m pip install --quiet pip-tools
	@$(BIN)/pip-compile $(PINNING) --output-file requirements.txt pyproject.toml
	@$(BIN)/pip-compile $(PINNING) --extra test --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	@$(BIN)/pip-compile $(PINNING) --extra embedded --constraint requirements.txt --output-file requirements-embedded.txt pyproject.toml
PINNING := --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	--no-emit-trusted-host --no-emit-find-links --no-emit-options
requirements: export CUSTOM_COMPILE_COMMAND = make requirements

.PHONY: clean
clean: down ## Remove the images of Sandfleet, the virtual environment and everything make has made
	@$(PYTHON) -m setup.cluster clean

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) must be Python 3.11 or newer; name another with: make up PYTHON=python3.12"; exit 1; }

.PHONY: test-programs
test-programs:
	@setup/engine.sh test-programs

.PHONY: engine
engine:
	@setup/engine.sh up

.PHONY: $(VENV)
$(VENV): python
	@setup/venv.sh $(VENV)
