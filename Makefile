# The project's commands. `make help` lists them.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RESULTS ?= results
# Tests at once. Those of a file, and all with Docker, run one after the other.
WORKERS ?= 2
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help run weights test test-fast soak check docs wheel lock torch benchmark clean
.PHONY: base-image build-images push-images compile submit run-docker test-components readmes

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The environment is made again only when its requirements have changed.
$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

# In the user's cache, where they are kept for other environments as well.
weights: $(READY) ## fetch and convert the detector's weights
	$(BIN)/autofocus weights megadetector-lite

run: $(READY) ## run all stages on a synthetic sample: from a local S3 bucket to a report
	$(BIN)/autofocus demo --params sample_data/run.yaml --outdir $(RESULTS)

test: check weights ## check the code and run all tests with coverage; those with Docker where it answers
	$(PYTEST) --cov --cov-report= $(PYTEST_ARGS)

test-fast: $(READY) ## the quick tests: no Docker, Chromium, TensorFlow, S3 server or detector
	$(PYTEST) -m "not slow and not docker" $(PYTEST_ARGS)

soak: $(READY) ## the long form of the attack suite; writes the table in docs/reliability.md
	$(BIN)/python -m tests.attack

check: $(READY) ## lint, format, layers and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy

docs: $(READY) ## build the documentation as a site in build/site; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

wheel: $(READY) ## build the package in dist/
	rm -rf dist
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

# Images: REGISTRY, TAG, BASE_IMAGE, STAGES, GPU=1 (docs/images.md).
export REGISTRY TAG BASE_IMAGE STAGES GPU MIRROR CA_BUNDLE

base-image: ## make a base image from Debian's packages, where there is no registry
	docker/make_base_image.sh

build-images: $(READY) ## build one image per stage [REGISTRY= TAG= BASE_IMAGE= STAGES= GPU=1]
	PYTHON=$(BIN)/python docker/build_images.sh

push-images: ## push the images, and record their digests for the pipelines [REGISTRY= TAG=]
	docker/push_images.sh

compile: $(READY) ## write the pipelines as YAML [REGISTRY= TAG=]
	$(BIN)/python -m pipelines.compile --outdir build/pipelines

PIPELINE ?= build/pipelines/train.yaml
PARAMS ?= sample_data/run.yaml
submit: $(READY) ## start a run on a cluster [HOST= PARAMS= PIPELINE= ARGS="--set shards=4 --wait"]
	@test -n "$(HOST)" || { echo "submit: error: HOST is required: the address of Kubeflow Pipelines"; exit 2; }
	$(BIN)/python -m pipelines.compile --outdir build/pipelines
	$(BIN)/python -m pipelines.submit --host $(HOST) --pipeline $(PIPELINE) --params $(PARAMS) $(ARGS)

run-docker: build-images compile ## the training pipeline on a synthetic sample, in local Docker
	$(BIN)/python -m pipelines.run_docker --outdir results-docker

test-components: $(READY) weights ## only the tests with Docker
	AUTOFOCUS_REQUIRE_DOCKER=1 $(BIN)/pytest -m docker

readmes: $(READY) ## write README.md and metadata.yaml of the components from their interfaces
	$(BIN)/python -m components.readme

COMPILE := uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url
LOCK := $(COMPILE) pyproject.toml

# One file per image, named after its first extra; the others are for inputs of their kinds.
lock: ## pin all dependencies (needs uv)
	$(LOCK) --extra dev --output-file requirements/dev.txt
	for extras in download "preprocess heif onnx video" "tables xlsx" "predict heif onnx serve" \
	    "predict-cpu heif onnx" "train heif onnx serve" "train-gpu heif onnx serve" \
	    "run detector heif serve video xlsx" pipelines; do \
	  set -- $$extras; \
	  $(LOCK) --constraint requirements/dev.txt $$(printf -- '--extra %s ' $$extras) \
	    --output-file requirements/$$1.txt || exit 1; \
	done
	$(COMPILE) requirements/peers.in --output-file requirements/peers.txt

# The reference for the embedded backbones. Only a local wheel is installed: the package index's
# own build would bring gigabytes of GPU packages.
torch: $(READY) ## install torch for the backbones' reference test, where a local wheel exists
	@$(BIN)/python -c 'import torch' 2>/dev/null \
	  || $(BIN)/pip install --quiet --no-index --no-deps torch==2.13.0 \
	  || echo "There is no local wheel of torch: the reference test will be skipped."

.venv-peers/.ready: requirements/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --require-hashes -r requirements/peers.txt
	@touch $@

benchmark: $(READY) .venv-peers/.ready ## measure against peers and write benchmarks/RESULTS.md [ROW=clean,link]
	@$(BIN)/python -m benchmarks --row "$(ROW)"

clean: ## remove the environment and all outputs
	rm -rf $(VENV) .venv-peers $(RESULTS) demo dist build .coverage .mypy_cache .ruff_cache .pytest_cache
