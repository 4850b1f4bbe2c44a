# The project's commands. `make help` lists them.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RESULTS ?= results

.DEFAULT_GOAL := help
.PHONY: help run test check lock torch benchmark clean
.PHONY: base-image build-images push-images compile submit run-docker test-components readmes

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The environment is made anew only when what it is made of has changed.
$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

run: $(READY) ## the whole job on a synthetic sample: from a local S3 bucket to a trained model
	$(BIN)/autofocus demo --params sample_data/run.yaml --outdir $(RESULTS)

test: check ## check the code and run all tests; those with Docker where it answers
	$(BIN)/pytest

check: $(READY) ## lint, format, layers and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy

# Images: REGISTRY, TAG, BASE_IMAGE, STAGES, GPU=1 (docs/images.md).
export REGISTRY TAG BASE_IMAGE STAGES GPU MIRROR CA_BUNDLE

base-image: ## make a base image from Debian's packages, where there is no registry
	docker/make_base_image.sh

build-images: $(READY) ## build one image a stage [REGISTRY= TAG= BASE_IMAGE= STAGES= GPU=1]
	PYTHON=$(BIN)/python docker/build_images.sh

push-images: ## push the images, and note their digests for the pipelines [REGISTRY= TAG=]
	docker/push_images.sh

compile: $(READY) ## write the pipelines as YAML [REGISTRY= TAG=]
	$(BIN)/python -m pipelines.compile --outdir build/pipelines

PIPELINE ?= build/pipelines/train.yaml
PARAMS ?= sample_data/run.yaml
submit: $(READY) ## start a run on a cluster [HOST= PARAMS= PIPELINE= ARGS="--set shards=4 --wait"]
	@test -n "$(HOST)" || { echo "submit: error: say where the cluster is: HOST=https://..."; exit 2; }
	$(BIN)/python -m pipelines.compile --outdir build/pipelines
	$(BIN)/python -m pipelines.submit --host $(HOST) --pipeline $(PIPELINE) --params $(PARAMS) $(ARGS)

run-docker: build-images compile ## the training pipeline on a synthetic sample, in local Docker
	$(BIN)/python -m pipelines.run_docker --outdir results-docker

test-components: $(READY) ## the tests with Docker alone
	AUTOFOCUS_REQUIRE_DOCKER=1 $(BIN)/pytest -m docker

readmes: $(READY) ## write the components' READMEs anew from their interfaces
	$(BIN)/python -m components.readme

COMPILE := uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url
LOCK := $(COMPILE) pyproject.toml

lock: ## pin all dependencies anew (needs uv)
	$(LOCK) --extra dev --output-file requirements/dev.txt
	for extra in download preprocess tables predict train train-gpu run pipelines; do \
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
