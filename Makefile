# make demo   the lesson's whole story on real digits;  make site   the explorer's page, built anew from web/
# make test   the tests, in a few minutes;  make test-long   the long loops as well;  make lint   style and types
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

.PHONY: setup demo site test test-long lint clean

setup: .venv/installed

# One file marks what is installed: a second call finds it up to date and does nothing.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"gargalo: expected Python 3.11 to 3.13. Found {sys.version.split()[0]}; use make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: setup
	$(BIN)/gargalo demo

site:
	cd web && npm ci --silent && npm run --silent build

# One process more than processors, since a browser is often waited for; of one thread each, which suits small networks.
test: setup
	OMP_NUM_THREADS=1 GOMP_SPINCOUNT=1000 $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

test-long: setup
	OMP_NUM_THREADS=1 GOMP_SPINCOUNT=1000 $(BIN)/python -m pytest -m 'long or not long'

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	test ! -x web/node_modules/.bin/eslint || npm --prefix web run --silent lint  # after `npm ci` in web/

clean:
	rm -rf .venv
