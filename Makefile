# `make run` and `make test` set up what they need, build and go. See README.md.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run
.PHONY: run dist package deploy test native bench bench-models bench-document bench-load setup setup-deploy setup-test clean check native-tests browser-tests deploy-tests

PORT ?= 8080
SITE_SOURCES := $(shell find src public .cargo -type f) .ci/dist .ci/embed.mjs .ci/precache.mjs .ci/space.md .ci/headers index.html Trunk.toml Cargo.toml Cargo.lock

# Build the release site and serve it at a local address.
run: dist
	@. .ci/env && node tests/browser/serve.mjs dist --port $(PORT)

# The static site, ready for any host.
dist: setup dist/index.html

dist/index.html: $(SITE_SOURCES)
	@.ci/dist

# The npm package for other pages, in target/package.
package: dist
	@.ci/package

# The site on a Hugging Face static Space: make deploy SPACE=owner/name, with a token in HF_TOKEN.
# See .ci/deploy/main.mjs for PRIVATE, DRY_RUN, MODELS and MODELS_REPO.
export SPACE PRIVATE DRY_RUN MODELS MODELS_REPO
deploy: setup-deploy dist
	@if [ -n "$(MODELS)" ] && [ -z "$(DRY_RUN)" ]; then . .ci/env && cargo build --locked --profile native --bin recto; fi
	@. .ci/env && RECTO_BIN=$(CURDIR)/target/native/recto node .ci/deploy/main.mjs

# Everything that continuous integration checks.
# The site is built beside the native part: each has minutes that keep one processor busy.
test: setup-test
	@$(MAKE) --no-print-directory --jobs=2 dist native
	@$(MAKE) --no-print-directory deploy-tests
	@$(MAKE) --no-print-directory browser-tests

native: setup-test
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory native-tests

setup:
	@.ci/setup build

setup-deploy:
	@.ci/setup deploy

setup-test:
	@.ci/setup test

check: setup-test
	@. .ci/env && cargo fmt --check
	@. .ci/env && cargo clippy --locked --all-targets -- -D warnings
	@. .ci/env && wasm_environment && cargo clippy --locked --target wasm32-unknown-unknown --no-default-features \
		--features app,embed,worker,read,models,ocr,relaxed,threads --lib --bins -- -D warnings

native-tests: setup-test
	@. .ci/env && cargo nextest run --locked --no-fail-fast
	@. .ci/env && cargo test --locked --doc

browser-tests: setup-test dist
	@. .ci/env && cargo build --locked --bin recto
	@. .ci/env && RECTO_DIST=$(CURDIR)/dist RECTO_BIN=$(CURDIR)/target/debug/recto \
		node --test tests/browser/all.test.mjs tests/browser/firefox.test.mjs

deploy-tests: setup-test
	@. .ci/env && cargo build --locked --bin recto
	@. .ci/env && RECTO_BIN=$(CURDIR)/target/debug/recto node --test tests/deploy/deploy.test.mjs

bench: setup-test dist
	@. .ci/env && cargo build --locked --profile native --bin recto
	@. .ci/env && RECTO_DIST=$(CURDIR)/dist RECTO_BIN=$(CURDIR)/target/native/recto node tests/browser/bench.mjs

# Models of the real sizes with random weights, natively and in the browser, beside ONNX Runtime Web.
bench-models: dist
	@.ci/setup bench
	@. .ci/env && cargo build --locked --profile native --bin recto
	@. .ci/env && RECTO_ORT=$$RECTO_TOOLS/onnxruntime-$$ORT_WEB_VERSION RECTO_DIST=$(CURDIR)/dist \
		RECTO_BIN=$(CURDIR)/target/native/recto node tests/browser/bench_models.mjs

# A paper of 20 pages and 8 figures from the drop to the end, with such models, natively and in Chromium.
bench-document: setup-test dist
	@. .ci/env && cargo build --locked --profile native --bin recto
	@. .ci/env && RECTO_DIST=$(CURDIR)/dist RECTO_BIN=$(CURDIR)/target/native/recto node tests/browser/bench_document.mjs

# 200 documents in one visit, one of 2,000 pages and one of 500 MB: memory and times.
bench-load: setup-test dist
	@. .ci/env && cargo build --locked --profile native --bin recto
	@. .ci/env && RECTO_DIST=$(CURDIR)/dist RECTO_BIN=$(CURDIR)/target/native/recto node tests/browser/bench_load.mjs

clean:
	rm -rf target dist tests/browser/node_modules tests/browser/sample/node_modules .ci/deploy/node_modules
