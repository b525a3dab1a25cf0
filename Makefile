# Two commands do everything on a machine with Python 3.11 or newer, pip and make: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TREE := build/tree
SQL_LINTED := build/.sql-linted
# The environment is made again only where what it is made from has changed.
READY := $(VENV)/.ready
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: demo test test-slow check tree mutants lock clean help

help:
	@echo "make demo    the example workspace, from raw bills to the quarter's true cost"
	@echo "make test    what the system promises"
	@echo "make test-slow  what takes longer: kills, real servers, large files, and each property with all its values"
	@echo "make check   lint, formatting, types, the direction of imports"
	@echo "make mutants every planted fault in the SQL is caught by a test (half an hour)"
	@echo "make lock    pin the dependencies again"

demo: $(READY)
	@$(BIN)/truecost demo

test: $(READY)
	@TRUECOST_EXAMPLES=20 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not slow"

test-slow: $(READY)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "slow or hypothesis"

check: $(READY) tree $(SQL_LINTED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@cd $(TREE) && $(CURDIR)/$(BIN)/lint-imports $(CURDIR)/.importlinter --no-logo --cache-dir $(CURDIR)/.import_linter_cache
	@cd $(TREE) && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache

# The package as a wheel has it: the folders at the top stand in truecost, so that types and the direction of imports are
# checked over all of it.
tree:
	@rm -rf $(TREE) && mkdir -p $(TREE)/truecost
	@ln -s $(CURDIR)/truecost/* $(TREE)/truecost/
	@for folder in dashboards examples expectations flows sql; do ln -s $(CURDIR)/$$folder $(TREE)/truecost/$$folder; done

# To parse all the SQL takes a minute: only files that have changed since they were last in order are looked at, and all of them
# where the rules or the environment have changed. What changes meanwhile is newer than the mark.
$(SQL_LINTED): $(READY) .sqlfluff $(shell find sql -name '*.sql')
	@mkdir -p $(@D) && touch $@.begun
	@PYTHONWARNINGS=ignore::UserWarning:multiprocessing.resource_tracker $(BIN)/sqlfluff lint --nocolor --disable-progress-bar \
		$(if $(filter-out %.sql,$?),sql,$?) > $@.said || (cat $@.said; exit 1)
	@mv $@.begun $@ && rm $@.said

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
