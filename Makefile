# Everything real is in scripts/: each can be read, and run, by itself.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help dev test torture fuzz compare mutants bench fmt lint openapi wasm keys deploy-check deploy setup clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

dev: ## Run the Worker here with data to try it on (PORT=8787)
	@scripts/dev

test: ## Run every test: native ones, then those of the running Worker
	@scripts/test

torture: ## The long form of races, kills, large tenants, descriptions and fuzzing (30 minutes): docs/RELIABILITY.md
	@scripts/torture

fuzz: ## Fuzz it: ten million inputs (fuzz/README.md)
	@scripts/fuzz

compare: ## Send the same requests to this build and an older one, and print what differs (tests/compare/README.md)
	@scripts/compare

mutants: ## See whether the native tests notice 90 faults put into the source (up to 2 hours): tests/mutants/baseline.md
	@scripts/mutants

bench: ## Measure against a peer and a floor (24 minutes), into bench/results
	@scripts/bench

fmt: ## Format the source
	@cargo fmt --all

lint: ## Check formatting, clippy for native and wasm, documentation, licenses, spelling, the API's description, the scripts
	@scripts/lint

openapi: ## Write docs/openapi/postern.json, docs/ERRORS.md and the tables of docs/API.md from the code
	@POSTERN_DESCRIBE=1 cargo test --quiet --test description

wasm: ## Build for wasm, and print the size
	@scripts/build

keys: ## Count the secrets under each master key, here (ON=--remote: as deployed)
	@scripts/setup
	@node scripts/keys.mjs $(ON)

deploy-check: ## Check what would be deployed: settings, secrets, size; needs no account
	@scripts/deploy-check

deploy: ## Build, check, migrate the deployed database, and deploy
	@scripts/deploy

setup: ## Install or make the tools (the others do it by themselves)
	@scripts/setup

clean: ## Remove what was built, the local database and its data
	rm -rf target build .wrangler .dev fuzz/target
	@echo "Kept: .dev.vars (your keys), node_modules, and the tools in $${POSTERN_TOOLS:-$${XDG_CACHE_HOME:-~/.cache}/postern}"
