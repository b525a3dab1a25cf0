# Two commands do everything on a machine with Python 3.11 or newer, pip and make: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The environment is made again only where what it is made from has changed.
READY := $(VENV)/.ready
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: demo test check mutants lock clean help

help:
	@echo "make demo    the example workspace, from raw bills to the quarter's true cost"
	@echo "make test    every test"
	@echo "make check   lint, formatting, types"
	@echo "make mutants every planted fault in the SQL is caught by a test (half an hour)"
	@echo "make lock    pin the dependencies again"

demo: $(READY)
	@$(BIN)/truecost demo

test: $(READY)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

mutants: $(READY)
	@$(BIN)/python tests/mutants/mutate.py

$(READY): requirements.txt requirements-dev.txt requirements-uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "truecost needs Python 3.11 or newer; name one with make PYTHON=...")'
	@echo "Making $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Run with an uv on the PATH, or in the environment.
lock:
	@PATH="$(CURDIR)/$(BIN):$$PATH" && \
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--output-file requirements.txt pyproject.toml && \
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--constraint requirements.txt --extra dev --output-file requirements-dev.txt pyproject.toml && \
	echo uv | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --output-file requirements-uv.txt -

clean:
	@rm -rf $(VENV) demo build *.egg-info
