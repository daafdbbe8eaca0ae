# Set-up, demo, tests and checks. Everything lands in .venv/ and build/; nothing else of the clone is written to.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: demo accept test cluster-test browser-test screenshots rulegraph check audit lock bench clean
unexport PYTHONDONTWRITEBYTECODE  # without bytecode every start of Snakemake takes two seconds more

CORES ?= all
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c '$(FITS)' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
# the lock names everything, so that nothing is resolved a second time
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes --compile-bytecode \
	--only-binary :all: --no-binary connection-pool --no-binary autograd-gamma --build-constraints requirements-build.lock

# The demo cohort: built, run, and held against the truth that it was built from.
demo: build/demo/cohort.yaml
	@echo "cetux: running the workflow on build/demo"
	@cd build/demo && ../../$(BIN)/snakemake -s ../../Snakefile --cores $(CORES) --configfile cohort.yaml --quiet rules
	@$(BIN)/python tests/accept.py build/demo

# acceptance at a site: the demo through your executor, as in make accept OPTIONS="--workflow-profile path/to/slurm"
OPTIONS ?= --cores $(CORES)
accept: build/demo/cohort.yaml
	@cd build/demo && ../../$(BIN)/snakemake -s ../../Snakefile --configfile cohort.yaml $(OPTIONS)
	@$(BIN)/python tests/accept.py build/demo

build/demo/cohort.yaml: .venv/base.stamp tests/demo.py tests/builders.py $(wildcard resources/*.tsv)
	@echo "cetux: building the synthetic demo cohort in build/demo (half a minute)"
	@rm -rf build/demo
	@$(BIN)/python tests/demo.py build/demo

test: .venv/dev.stamp
	@$(BIN)/python -m pytest -n $(if $(filter all,$(CORES)),auto,$(CORES)) --dist worksteal

# on a real Slurm, which it starts and stops: as root, and one test after the other, since there is one cluster
cluster-test: .venv/dev.stamp
	@$(BIN)/python -m pytest tests/cluster

# the pages in a real Chromium (Debian: apt-get install chromium), with axe-core from npm for the accessibility check
browser-test: .venv/dev.stamp build/axe/package/axe.min.js
	@$(BIN)/python -m pytest tests/browser

AXE := axe-core-4.14.1
AXE_SHA256 := e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745
build/axe/package/axe.min.js:
	@mkdir -p build/axe
	@cd build/axe && npm pack --silent axe-core@$(AXE:axe-core-%=%) > /dev/null
	@cd build/axe && echo "$(AXE_SHA256)  $(AXE).tgz" | sha256sum --check --quiet && tar -xzf $(AXE).tgz
	@touch $@

# the README's pictures, from the finished demo
screenshots: .venv/dev.stamp demo
	@$(BIN)/python docs/screenshots.py build/demo docs

# which rule feeds which, as a picture (Debian: apt-get install graphviz)
rulegraph: .venv/base.stamp build/demo/cohort.yaml
	@command -v dot > /dev/null || { echo "There is no dot. Install it: sudo apt-get install graphviz"; exit 1; }
	@cd build/demo && ../../$(BIN)/snakemake -s ../../Snakefile --configfile cohort.yaml --forceall --rulegraph dot \
		2> /dev/null | sed -n '/^digraph/,$$p' | dot -Tsvg > ../../docs/rulegraph.svg

# format, lint, types, Snakemake's own lint, the documentation with its links
check: .venv/dev.stamp build/demo/cohort.yaml
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/snakefmt --check Snakefile workflow/rules
	@cd build/demo && ../../$(BIN)/snakemake -s ../../Snakefile --configfile cohort.yaml --lint
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# known vulnerabilities of what the lock files pin; without a network it says so and is no failure
audit: .venv/dev.stamp
	@for lock in requirements.lock requirements-dev.lock; do \
		said=$$($(BIN)/pip-audit --disable-pip --require-hashes --progress-spinner off -r $$lock 2>&1) \
			&& echo "$$lock: $$said" && continue; \
		echo "$$said"; \
		grep -qE "ConnectionError|ServiceError|Max retries|resolve|Timeout" <<< "$$said" || exit 1; \
		echo "cetux: $$lock was not audited: the vulnerability service cannot be reached"; \
	done

# connection-pool, which snakemake needs, is published as source only: it is built, with a pinned setuptools
.venv/base.stamp: requirements.lock requirements-build.lock
	@$(or $(PYTHON),false) -c '$(FITS)' \
		|| { echo "cetux needs Python 3.11 to 3.13; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "cetux: setting up .venv with $$($(PYTHON) --version) (once, about a minute)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Install venv: sudo apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		-r requirements-build.lock
	@$(INSTALL) -r requirements.lock
	@touch $@

.venv/dev.stamp: .venv/base.stamp requirements-dev.lock
	@echo "cetux: adding the tools for tests and checks"
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

# newest versions that fit pyproject.toml, with hashes, for every Python and platform
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"
lock: .venv/base.stamp
	printf 'setuptools\nuv\n' | $(COMPILE) - -o requirements-build.lock
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --group dev --group docs -o requirements-dev.lock

# Every comparison with other tools, side by side; some three hours on two cores. It rewrites the tables in benchmarks/.
# The tools come from Debian: apt-get install -y --no-install-recommends $(cat benchmarks/peers.txt)
bench: demo
	@$(BIN)/python benchmarks/genotypes.py
	@$(BIN)/python benchmarks/identity.py
	@$(BIN)/python benchmarks/copy_number.py --reads --write benchmarks/copy_number.md
	@$(BIN)/python benchmarks/scale.py
	@$(BIN)/python benchmarks/whole_path.py

clean:
	rm -rf .venv build
