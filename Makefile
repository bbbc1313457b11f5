# Everything real is in scripts/: each can be read, and run, by itself.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help dev test fmt lint wasm setup clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

dev: ## Run the Worker here with data to try it on (PORT=8787)
	@scripts/dev

test: ## Run every test: native ones, then those of the running Worker
	@scripts/test

fmt: ## Format the source
	@cargo fmt

lint: ## Check the formatting, and clippy for native and wasm
	@scripts/lint

wasm: ## Build for wasm, and print the size
	@scripts/build

setup: ## Install or make the tools (the others do it by themselves)
	@scripts/setup

clean: ## Remove what was built, the local database and its data
	rm -rf target build .wrangler .dev
	@echo "Kept: .dev.vars (your keys), node_modules, and the tools in $${POSTERN_TOOLS:-$${XDG_CACHE_HOME:-~/.cache}/postern}"
