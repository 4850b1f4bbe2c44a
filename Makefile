# The project's commands. `make help` lists them.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RESULTS ?= results

.DEFAULT_GOAL := help
.PHONY: help run test check lock torch benchmark clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The environment is made anew only when what it is made of has changed.
$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

run: $(READY) ## the whole job on a synthetic sample: from a local S3 bucket to a trained model
	$(BIN)/autofocus demo --params sample_data/run.yaml --outdir $(RESULTS)

test: check ## check the code and run all tests
	$(BIN)/pytest

check: $(READY) ## lint, format and type checks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

COMPILE := uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url
LOCK := $(COMPILE) pyproject.toml

lock: ## pin all dependencies anew (needs uv)
	$(LOCK) --extra dev --output-file requirements/dev.txt
	for extra in download preprocess tables predict train run; do \
	  $(LOCK) --constraint requirements/dev.txt --extra $$extra --output-file requirements/$$extra.txt || exit 1; \
	done
	$(COMPILE) requirements/peers.in --output-file requirements/peers.txt

# The reference for the embedded backbone. Only a wheel at hand is taken: the registry's own
# build would bring gigabytes of GPU packages.
torch: $(READY) ## install torch for the backbone's reference test, where a wheel is at hand
	@$(BIN)/python -c 'import torch' 2>/dev/null \
	  || $(BIN)/pip install --quiet --no-index --no-deps torch==2.13.0 \
	  || echo "No wheel of torch is at hand: the reference test will be skipped."

.venv-peers/.ready: requirements/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --require-hashes -r requirements/peers.txt
	@touch $@

benchmark: $(READY) .venv-peers/.ready ## measure against peers and write benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

clean: ## remove the environment and what was made
	rm -rf $(VENV) .venv-peers $(RESULTS) demo .mypy_cache .ruff_cache .pytest_cache
