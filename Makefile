# A machine needs Python 3.11 (with venv) and make; everything else is installed here, by the lock files.
# Each step leaves a stamp under .venv, so that a second run starts at once.

PYTHON ?= python3.11
BIN := .venv/bin
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
export PATH := $(CURDIR)/$(BIN):$(PATH)

CATALOGUES := $(shell find linli -name '*.po' 2>/dev/null)
STATIC := $(shell find linli -path '*/static/*' -type f 2>/dev/null)
MODULES := $(shell find linli -name settings.py 2>/dev/null)

.PHONY: help setup run test check fast bench room lock browser-for-tests

help:
	@echo 'make run        安装并启动（含演示镇），打印网址与演示账号'
	@echo 'make test       全部测试；make fast ROOM=incidents 只测一个模块'
	@echo 'make check      格式、类型、依赖层次、迁移与结构检查'
	@echo 'make bench      全部性能测试；make bench NAME=locate 只跑一个'
	@echo 'make room NAME=x  新建一个模块的骨架'
	@echo 'make lock       依赖有变时重写 requirements.lock 与 package-lock.json'

run: setup
	@exec $(BIN)/linli serve --demo $(ARGS)

setup: .venv/.linli .venv/.browser .venv/.translations .venv/.static

.venv/.made:
	@command -v $(PYTHON) >/dev/null || { echo '找不到 $(PYTHON)：请安装 Python 3.11，或用 make PYTHON=/路径/python3 指定' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo '$(PYTHON) 低于 3.11，请用 PYTHON= 指定更新的版本' >&2; exit 1; }
	@echo '· 建立 Python 环境 .venv'
	@$(PYTHON) -m venv .venv || { echo '无法建立 .venv：Debian、Ubuntu 上请先安装 python3.11-venv' >&2; exit 1; }
	@touch $@

.venv/.packages: requirements.lock | .venv/.made
	@echo '· 安装 Python 依赖（逐个核对哈希）'
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --quiet --require-hashes -r requirements.lock
	@touch $@

.venv/.linli: pyproject.toml requirements.in .venv/.packages
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --quiet --no-deps --no-build-isolation --no-index --quiet --editable .
	@touch $@

.venv/.browser: package-lock.json linli/site/browser.py | .venv/.linli
	@echo '· 安装浏览器端的库'
	@$(BIN)/npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@$(BIN)/python -m linli.site.browser
	@touch $@

.venv/.translations: $(CATALOGUES) | .venv/.linli
	@for po in $(CATALOGUES); do $(BIN)/pybabel --quiet compile --input-file "$$po" --output-file "$${po%.po}.mo"; done
	@touch $@

.venv/.static: $(STATIC) $(MODULES) .venv/.browser | .venv/.linli
	@echo '· 收集并预压缩静态文件'
	@$(BIN)/linli collectstatic --noinput --verbosity 0
	@touch $@

browser-for-tests:
	@ops/browser-for-tests

test: setup browser-for-tests
	@$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/linli makemigrations --check --dry-run
	@$(BIN)/pytest -q $(wildcard tests/test_house.py) linli/site/tests/test_packaging.py

fast: setup
	@test -n '$(ROOM)' || { echo '用法：make fast ROOM=incidents' >&2; exit 2; }
	@test -n '$(wildcard linli/$(ROOM)/tests linli/kernel/$(ROOM)/tests)' || { echo '没有模块 $(ROOM)，或它没有 tests 目录' >&2; exit 2; }
	@$(BIN)/pytest -q $(wildcard linli/$(ROOM)/tests linli/kernel/$(ROOM)/tests) $(ARGS)

bench: setup
	@for name in $(or $(NAME),$$($(BIN)/linli bench --names)); do echo "$$name"; $(BIN)/linli bench "$$name" $(ARGS); done

room: setup
	@$(BIN)/python -m linli.site.new_room '$(NAME)'

# Needs the registries; the files keep no address of theirs.
lock: .venv/.made
	@$(BIN)/python -c 'import piptools' 2>/dev/null || $(BIN)/python -m pip install --quiet pip-tools
	@CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--output-file requirements.lock requirements-dev.in
	@$(BIN)/npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund --no-update-notifier --loglevel=error
