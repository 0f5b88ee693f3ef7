# Targets of the observatory. Needs Python 3.11 to 3.13, pip and make; sets up the rest itself.
PYTHON ?= python3
SETUP := $(PYTHON) tools/environment.py
BIN := .venv/bin
SQL := dbt_project/models audit/rules
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-annotate --no-strip-extras --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help run dev preview test lint format bundle organisations propose accept import-coinr \
	export-coinr replay lift swap sql pages accuracy lock clean setup setup-dev setup-ocr

help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

run: setup ## Run the whole pipeline and publish a release
	@$(BIN)/python -m orchestration.run

dev: setup ## Dagster UI with its daemon on http://127.0.0.1:3000
	@exec $(BIN)/python -m orchestration.dev

preview: setup ## Show what an edit of the catalog would change; publishes nothing
	@$(BIN)/python -m orchestration.preview

test: setup-dev lint ## Lint, check types, run all tests
	@$(BIN)/python -m pytest

lint: setup-dev ## Check style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/sqlfluff lint --processes 0 $(SQL)

format: setup-dev ## Put style right
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(BIN)/sqlfluff fix $(SQL)

bundle: setup ## Write the bundled facts of the catalog from AICITY_MIRROR
	@$(BIN)/python -m ingest.bundle

organisations: setup ## Take the places of organisations from ROR, for the names in AICITY_MIRROR
	@$(BIN)/python -m ingest.organisation_table

propose: setup ## Propose a card for a document: make propose DOC=report.pdf
	@$(BIN)/python -m ingest.proposals.command "$(DOC)"

accept: setup ## Take a completed card into the catalog: make accept CARD=data/proposals/...
	@$(BIN)/python -m ingest.proposals.accept "$(CARD)"

import-coinr: setup ## Make a catalog of a COINr index: make import-coinr IDATA=iData.csv IMETA=iMeta.csv TO=folder
	@$(BIN)/python -m ingest.coinr --idata "$(IDATA)" --imeta "$(IMETA)" --to "$(TO)" \
		$(if $(NAME),--name "$(NAME)") $(if $(TITLE),--title "$(TITLE)") $(if $(KIND),--kind "$(KIND)") \
		$(if $(COUNTRY),--country "$(COUNTRY)") $(if $(YEAR),--year "$(YEAR)") \
		$(if $(GROUP),--group "$(GROUP)") $(if $(STAGES),--stages "$(STAGES)")

export-coinr: setup ## Write an index of the release as COINr's tables: make export-coinr FRAMEWORK=asem TO=folder
	@$(BIN)/python -m orchestration.export_coinr --framework "$(FRAMEWORK)" --to "$(TO)" \
		$(if $(EDITION),--edition "$(EDITION)")

swap: setup ## Weights by which a city passes another: make swap FRAMEWORK=asem A=Austria B=FIN
	@$(BIN)/python -m orchestration.swap --framework "$(FRAMEWORK)" --a "$(A)" --b "$(B)" \
		$(if $(SCOPE),--scope "$(SCOPE)") $(if $(EDITION),--edition "$(EDITION)")

replay: setup ## Replay a design: make replay FRAMEWORK=asem CHOICES=choices.csv WEIGHTS=weights.csv TO=folder
	@$(BIN)/python -m orchestration.replay --framework "$(FRAMEWORK)" --to "$(TO)" \
		$(if $(CHOICES),--choices "$(CHOICES)") $(if $(WEIGHTS),--weights "$(WEIGHTS)") \
		$(if $(EDITION),--edition "$(EDITION)") $(if $(NODES),--nodes)

lift: setup ## Say what would lift a city: make lift FRAMEWORK=ai_city_cn CITY=cn_shenzhen
	@$(BIN)/python -m orchestration.lift --framework "$(FRAMEWORK)" --city "$(CITY)" \
		$(if $(EDITION),--edition "$(EDITION)") $(if $(RANKS),--ranks $(RANKS))

sql: export Q := $(value Q)
sql: setup ## Ask the release, or with PREVIEW=1 the preview: make sql Q="select * from marts.city"
	@$(BIN)/python -m orchestration.sql $(if $(PREVIEW),--preview)

pages: setup ## Write the figures of the current release into docs/
	@$(BIN)/python -m tools.pages

accuracy: setup-dev ## Measure how well tables are read, and write it into docs/ (DOCS=folder)
	@$(BIN)/python -m tools.accuracy $(if $(DOCS),--documents $(DOCS))

lock: ## Compile the requirements files (needs uv)
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(LOCK) requirements-duckdb1.in -o requirements-duckdb1.txt
	$(LOCK) requirements-ocr.in -o requirements-ocr.txt

clean: ## Remove the environment and caches, never the data
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dbt_project/target dbt_project/logs

setup:
	@$(SETUP) requirements.txt

setup-ocr: setup ## Install what reads scanned pages (about 300 MB)
	@$(SETUP) requirements-ocr.txt

setup-dev: setup setup-ocr
	@$(SETUP) requirements-dev.txt
	@$(SETUP) requirements-duckdb1.txt .venv/duckdb1
