# Two commands: `make trial` runs the quickstart suite, `make test` checks the tree. Both build .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# torch goes in first, alone and with its dependencies: on a machine with CUDA wheels those are part of it.
TORCH := torch==2.13.0
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: trial test fast lint docs lock clean
trial: $(STAMP)
	$(BIN)/seatrial run quickstart

# A process for each core, up to four, with one thread each; a file's tests stay together, as they share what they made.
TESTS := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests -n auto --maxprocesses 4 --dist loadfile

test: lint
	$(TESTS)

fast: lint
	$(TESTS) -m "not slow"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The reference pages, from the installed components.
docs: $(STAMP)
	$(BIN)/python docs/reference.py

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "seatrial needs Python 3.11 or newer; set PYTHON=... to name one")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Resolves pyproject.toml anew (needs uv); torch and what it brings stay out, see TORCH.
lock:
	uv pip compile pyproject.toml --extra all --extra tensorboard --group dev --universal --python-version 3.11 --quiet \
	  --no-header --no-annotate --output-file requirements.lock
	sed -i -E '/^(torch|triton|nvidia-|cuda-)[^ ]*==/d' requirements.lock

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
