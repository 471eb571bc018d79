# Two commands on a fresh machine with Python 3.11: `make demo` and `make test`. All needs only the package index.

PORT ?= 8000
ARGS ?=
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: setup demo test test-browser test-faults bench bench-national lint advisories format messages lock

setup: $(STAMP)

$(STAMP): requirements-dev.txt
	@PYTHON="$(PYTHON)" sh tools/setup.sh requirements-dev.txt
	@touch $@

demo: $(STAMP)
	@exec $(BIN)/python manage.py demo --port $(PORT) $(ARGS)

test: $(STAMP)
	@exec $(BIN)/python -m tests.run $(ARGS)

# The long form of tests/faults and tests/properties: `make test-faults ROUNDS=30`; what a run prints as FAULT_SEED can be given again.
ROUNDS ?= 10

test-faults: $(STAMP)
	@FAULT_ROUNDS=$(ROUNDS) exec $(BIN)/python -m tests.run tests/faults tests/properties -rP --show-capture=stdout $(ARGS)

# The pages in the system's Chromium, on SQLite; pictures land in var/screenshots.
test-browser: $(STAMP)
	@DATABASE_URL= exec $(BIN)/python -m pytest -n 2 --dist loadfile tests/browser $(ARGS)

# Times with their yardsticks, in a few minutes; and the whole country, for which see docs/performance.md.
bench: $(STAMP)
	@exec $(BIN)/python -m benchmarks $(ARGS)

bench-national: $(STAMP)
	@exec $(BIN)/python -m benchmarks --provinces 63 $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	SECRET_KEY=lint DATABASE_URL= REDIS_URL= $(BIN)/mypy
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python -m tools.advisories

# The list of advisories anew, from OSV's dump of PyPI (docs/dependencies.md): make advisories DUMP=all.zip
advisories: $(STAMP)
	$(BIN)/python -m tools.advisories take $(DUMP)

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Gathers what is marked for translation into locale/vi, and compiles it; both steps need gettext.
messages: $(STAMP)
	SECRET_KEY=messages $(BIN)/python manage.py makemessages -l vi --no-obsolete --no-wrap --add-location file -i .venv -i var
	SECRET_KEY=messages $(BIN)/python manage.py compilemessages -l vi -i .venv -i var

LOCK := uv pip compile --quiet --universal --upgrade --generate-hashes --no-header

# Takes the newest versions within the ranges of pyproject.toml, for a maintainer with uv.
lock:
	$(LOCK) -o requirements.txt pyproject.toml
	$(LOCK) -o requirements-dev.txt --group dev pyproject.toml
