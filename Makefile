.PHONY: up down test check

up: ## start the shop and show how to use it
	@tools/python.sh
	@tools/engine.sh
	@.venv/bin/msctl up
	@tools/try.sh

down: ## stop the shop; its data stays
	@.venv/bin/msctl down

check: ## style, types and layers
	@tools/python.sh dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

test: check ## all but the long tests, those on real Docker included
	@tools/engine.sh
	.venv/bin/pytest -n 2 --dist loadscope
