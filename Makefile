# Each target runs a script in scripts/, which can also be run directly.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help dev test torture fuzz mutants bench fmt lint openapi wasm package keys deploy-check deploy setup clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

dev: ## Run the Worker on this machine with demo data (PORT=8787)
	@scripts/dev

test: ## Run every test: native tests, then tests of the running Worker
	@scripts/test

torture: ## Run the long tests: races, kills, large tenants, OpenAPI, isolates, fuzzing (35 minutes): docs/RELIABILITY.md
	@scripts/torture

fuzz: ## Fuzz with ten million inputs (fuzz/README.md)
	@scripts/fuzz

mutants: ## Check whether the native tests detect 90 faults put into the source (up to 2 hours): tests/mutants/baseline.md
	@scripts/mutants

bench: ## Compare the performance with a peer and a floor (28 minutes), into bench/results
	@scripts/bench

fmt: ## Format the source
	@cargo fmt --all

lint: ## Check formatting, clippy for native and wasm, documentation, licenses, spelling, language, OpenAPI, the scripts
	@scripts/lint

openapi: ## Write docs/openapi/postern.json, docs/ERRORS.md, docs/COMMANDS.md and the tables of docs/API.md from the code
	@scripts/openapi

wasm: ## Build for wasm and print the size
	@scripts/build

package: ## Build the npm packages, with checksums, into target/packages
	@scripts/package

keys: ## Count the secrets under each master key in the local database (ON=--remote: in the deployed one)
	@scripts/keys $(ON)

deploy-check: ## Check the configuration and the bundle before a deployment; needs no account
	@scripts/deploy-check

deploy: ## Build, check, migrate the deployed database, and deploy, with its keys and a first admin
	@scripts/deploy

setup: ## Install or build the tools (other targets do this when needed)
	@scripts/setup

clean: ## Remove build output and the local database
	rm -rf target build .wrangler .wrangler.dev.json .dev fuzz/target
	@echo "Kept: .dev.vars (your keys), node_modules, and the tools in $${POSTERN_TOOLS:-$${XDG_CACHE_HOME:-~/.cache}/postern}"
