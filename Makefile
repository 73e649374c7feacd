# Needs python3 (3.11 or newer) with its venv module, and make. Everything else goes into .venv.

PYTHON ?= python3
PORT ?= 8000

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: .venv/installed ## Start the service with the sample catalogue on http://127.0.0.1:8000 (PORT=… for another)
	@exec $(BIN)/rage serve --demo --port $(PORT)

test: .venv/installed-dev ## Run all tests; installs Chromium for the page's test where there is none
	@$(BIN)/python tests/browser.py >/dev/null
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --dist loadfile

lint: .venv/installed-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/installed-dev ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/installed-dev ## Measure import, search and the service
	$(BIN)/python -m benchmarks

clean: ## Remove .venv, caches and built packages; data folders stay
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip, not python: where the venv module is incomplete, python is there and pip is not.
$(BIN)/pip:
	@$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | $(BIN)/pip
	@echo "Installing rage-pg into .venv. This takes a minute, once."
	@$(PIP) install --editable .
	@touch $@

# --group came with pip 25.1; the one that Debian puts into .venv is older.
.venv/installed-dev: pyproject.toml | $(BIN)/pip
	@echo "Installing rage-pg and its development tools into .venv. This takes a minute, once."
	@$(PIP) install --upgrade "pip>=25.1"
	@$(PIP) install --editable . --group dev
	@touch .venv/installed $@
