# `make run` and `make test` set up what they need, build and go. See README.md.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run
.PHONY: run dist test bench bench-models setup setup-test clean check native-tests browser-tests

PORT ?= 8080
SITE_SOURCES := $(shell find src public .cargo -type f) .ci/dist .ci/space.md index.html Trunk.toml Cargo.toml Cargo.lock

# Build the release site and serve it at a local address.
run: dist
	@. .ci/env && node tests/browser/serve.mjs dist --port $(PORT)

# The static site, ready for any host.
dist: setup dist/index.html

dist/index.html: $(SITE_SOURCES)
	@.ci/dist

# Everything that continuous integration checks.
test: check native-tests browser-tests

setup:
	@.ci/setup build

setup-test:
	@.ci/setup test

check: setup-test
	@. .ci/env && cargo fmt --check
	@. .ci/env && cargo clippy --locked --all-targets -- -D warnings
	@. .ci/env && wasm_environment && cargo clippy --locked --target wasm32-unknown-unknown --no-default-features \
		--features app,worker,read,models,relaxed,threads --lib --bins -- -D warnings

native-tests: setup-test
	@. .ci/env && cargo nextest run --locked --no-fail-fast
	@. .ci/env && cargo test --locked --doc

browser-tests: setup-test dist
	@. .ci/env && cargo build --locked --bin recto
	@. .ci/env && RECTO_DIST=$(CURDIR)/dist RECTO_BIN=$(CURDIR)/target/debug/recto node --test tests/browser/all.test.mjs

bench: setup-test dist
	@. .ci/env && cargo build --locked --profile native --bin recto
	@. .ci/env && RECTO_DIST=$(CURDIR)/dist RECTO_BIN=$(CURDIR)/target/native/recto node tests/browser/bench.mjs

# Models of the real sizes with random weights, natively and in the browser.
bench-models: setup-test dist
	@. .ci/env && cargo build --locked --profile native --bin recto
	@. .ci/env && RECTO_DIST=$(CURDIR)/dist RECTO_BIN=$(CURDIR)/target/native/recto node tests/browser/bench_models.mjs

clean:
	rm -rf target dist tests/browser/node_modules
