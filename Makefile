# Everything a person needs: run, demo, test, check, bench, wheel. Each sets up what it needs by itself.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run demo test check bench wheel clean

run: $(VENV)/.ready
	@$(BIN)/freizeichen up

demo: $(VENV)/.ready
	@$(BIN)/freizeichen up --demo $(if $(PACE),--pace $(PACE))

test: $(VENV)/.ready-dev
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.ready-dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.ready
	@$(BIN)/freizeichen bench

wheel: $(VENV)/.ready-dev
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist

$(VENV)/.ready: requirements.lock pyproject.toml
	@echo "python: making .venv (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	@echo "python: adding the tools of the tests (once)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV) .freizeichen dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Locks are made again by whoever changes the dependencies (needs uv): hashes, and no addresses.
UV_COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-header --no-emit-index-url --no-emit-find-links pyproject.toml

.PHONY: lock
lock:
	$(UV_COMPILE) --extra build --extra speech-ko --output-file requirements.lock
	$(UV_COMPILE) --extra build --extra speech-ko --extra dev --output-file requirements-dev.lock
