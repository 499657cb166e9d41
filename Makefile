# Everything a person or a build machine runs. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help run test lint format bench
export PORT ?= 8000
BIN := .venv/bin

help: ## list these commands
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## install what is needed and start Tillpass with demo data on http://127.0.0.1:8000 (PORT=8080 moves it)
	@./.ci/prepare run
	@exec $(BIN)/tillpass dev

test: ## install what the tests need, then ruff, mypy and pytest
	@./.ci/prepare test
	@./.ci/check

lint: ## ruff and mypy alone
	@./.ci/prepare dev
	@./.ci/lint

format: ## let ruff put the code in shape
	@./.ci/prepare dev
	@$(BIN)/ruff check --quiet --fix . && $(BIN)/ruff format .

bench: ## measure passes, pushes and requests beside their limits on this machine
	@./.ci/prepare bench
	@exec $(BIN)/python -m benchmarks
