# platform-monitor. `make help` lists the targets; each sets up what it needs in .venv.

.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= seeds/parler-2021.toml
CONFIG ?= config.example.toml
SERVE ?=
# Labelled corpora lie beside the project, never in it: JSONL, see tests/accuracy/corpus.py.
CORPUS ?= $(wildcard ../*/data/*_dev.jsonl)

.PHONY: help demo run test check bench fuzz accuracy fmt picture lock servers clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## the real daemon on the Parler case, in about a minute (SERVE=1 leaves the page up)
	@$(BIN)/platform-monitor demo $(SCENARIO) $(if $(SERVE),--serve)

run: $(VENV)/.runtime ## the daemon on CONFIG=config.example.toml
	@$(BIN)/platform-monitor run --config $(CONFIG)

test: check servers ## everything: format, lint, types, all tests, documentation tests
	@$(BIN)/pytest -m 'not alone' --durations=20
	@$(BIN)/pytest -m alone -n 0

check: $(VENV)/.dev ## format, lint and types only
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(VENV)/.dev servers ## CPU per probe beside blackbox_exporter, schedule lag, exposition
	@$(BIN)/python -m tests.bench

fuzz: $(VENV)/.dev ## hypothesis against the readers of registration replies and DNS messages, a minute each
	@FUZZ_S=60 $(BIN)/pytest -m '' tests/hostile/test_registration_fuzz.py tests/hostile/test_dns.py \
		tests/probe/test_whois_fuzz.py tests/probe/test_rdap_fuzz.py -k "not test_a_ and not test_every_golden"

accuracy: $(VENV)/.dev ## what is read and attributed right, over labelled CORPUS="FILE ..."
	@$(BIN)/python -m tests.accuracy $(CORPUS)

fmt: $(VENV)/.dev ## format the code and mend what can be mended
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

picture: $(VENV)/.dev ## draw the README's picture again, from a replay
	@$(BIN)/python docs/picture.py $(SCENARIO) docs/parler-2021.svg 2>/dev/null

servers: ## the real servers that full tests run against, from Debian's packages
	@sh tests/install-servers.sh

lock: $(VENV)/.dev ## renew requirements*.txt from pyproject.toml (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 pyproject.toml --extra build --upgrade -o requirements.txt
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 pyproject.toml --extra dev --upgrade -o requirements-dev.txt

clean: ## remove .venv and caches
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# The stamps: set-up runs again only when the pins have changed. .dev holds all that .runtime does.
$(VENV)/.runtime: requirements.txt pyproject.toml
	@test ! -e $(VENV)/.dev || $(MAKE) --no-print-directory $(VENV)/.dev
	@test -e $(VENV)/.dev || sh deploy/venv.sh $(VENV) requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml
	@sh deploy/venv.sh $(VENV) requirements-dev.txt
	@touch $@
