# One command each; `make` alone lists them. Needs a POSIX shell and Python 3.11 or newer, nothing else.
#   make serve PYTHON=/path/to/python3.12        choose the interpreter of a new environment
#   make serve ARGS="--port 8051 results.db"     hand options and sources to app.py
#   make test  ARGS="tests/unit -k pareto"       hand options to pytest
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup serve demo check format test test-fast bench screenshots docs clean system-packages

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Looked at in this order when PYTHON is not given; the first that runs and is 3.11 or newer is taken.
CANDIDATES := $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python)
# Folders that hold our Python; layouts/ and callbacks/ are checked through their links in hypertendril/.
CODE := app.py hypertendril benchmarks docs examples tests

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/installed $(VENV)/installed-dev ## make .venv and install everything, development tools too

serve: $(VENV)/installed ## dashboard over the bundled studies, with a worker, on http://127.0.0.1:8050
	$(BIN)/python app.py $(ARGS)

demo: serve ## the same as serve

check: $(VENV)/installed-dev ## formatting, lint and types, as the pre-commit hook runs them
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)

format: $(VENV)/installed-dev ## rewrite the code the way `make check` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: system-packages $(VENV)/installed-dev ## every test; installs Chromium first where it is missing
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

test-fast: $(VENV)/installed-dev ## the tests that need no browser
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not browser" $(ARGS)

bench: system-packages $(VENV)/installed-dev ## time, memory and bytes, as tables
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: system-packages $(VENV)/installed-dev ## draw the pictures of README.md anew
	$(BIN)/python -m docs.make_screenshots $(ARGS)

docs: $(VENV)/installed-dev ## check that links resolve, commands exist and code blocks run
	$(BIN)/python -m pytest tests/docs $(ARGS)

clean: ## remove the environment and all caches; studies in .hypertendril/ stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

system-packages: # Chromium and, on Debian, the venv module: installed where we may, asked for where we may not
	@sh .ci/system-packages

# The interpreter is chosen only when the environment is made: a second `make serve` starts at once.
$(VENV)/created:
	@found=; recent=; \
	for name in $(CANDIDATES); do \
	    "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	    recent="$$name"; \
	    "$$name" -c 'import ensurepip, venv' >/dev/null 2>&1 && found="$$name" && break; \
	done; \
	if [ -z "$$recent" ]; then \
	    echo "HyperTendril needs Python 3.11, 3.12 or 3.13; looked for: $(CANDIDATES)." >&2; \
	    echo "Install one, or name it: make serve PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	fi; \
	if [ -z "$$found" ]; then \
	    echo "$$recent lacks Python's venv module. Debian, Ubuntu: apt-get install python3-venv; then run make again." >&2; \
	    exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv $(VENV) && $(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml
	@echo "Installing HyperTendril (the first time this takes a minute or two)"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@
