# The one entry point. `make demo` runs the main job, `make test` is what CI runs.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install demo build lint deny test test-matrix test-systemd test-docker test-compose package package-test dist fuzz drill bench roots grafana-look page-look clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

install: ## Install the Debian packages that the demo and the tests start privately
	@testbed/install.sh

build: ## The release binary: target/release/warrener
	cargo build --release --locked

demo: install ## A fleet in warrener's care, until Ctrl-C (DEMO_FOR=60s); FAULT=worker-hang breaks it (FAULT=list)
	@cargo build --release --locked --workspace --bins
	@target/release/demo

lint: ## Format, clippy
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

deny: ## Licences, bans and sources of the dependencies (installs cargo-deny once)
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny --locked check licenses bans sources

# One seed for every property test, so that the same tree passes or fails each time it is checked;
# `make fuzz` draws new ones.
test: export PROPTEST_RNG_SEED ?= 15699
test: install lint ## What CI runs: lints, unit, golden, contract and integration tests on real servers
	cargo build --locked --workspace --bins
	cargo test --locked --workspace

package: build ## The Debian package: target/debian/*.deb (installs cargo-deb once)
	@command -v cargo-deb >/dev/null || cargo install --locked cargo-deb
	deploy/stage.sh target/release/warrener target/stage
	cargo deb --locked --no-build
	@ls -l target/debian/*.deb

package-test: package ## The package's whole life on a real systemd, booted in a container (as root)
	@testbed/install.sh debootstrap systemd-container
	@testbed/roots.sh package
	cargo build --locked --workspace --bins
	cargo test --locked --test controls package:: -- --ignored --nocapture

dist: build ## The release: target/dist/*.tar.gz with its checksum, sizes told
	deploy/stage.sh target/release/warrener target/stage
	deploy/dist.sh target/release/warrener target/stage target/dist

fuzz: ## The property tests with new seeds (FUZZ_CASES=20000), then libFuzzer at every door (FUZZ_SECONDS=60 each)
	PROPTEST_CASES=$(or $(FUZZ_CASES),20000) cargo test --locked --release --lib
	fuzz/run.sh

roots: ## Debian roots with other releases' servers, for test-matrix (as root; about a minute each)
	@testbed/roots.sh trixie sid

test-matrix: install roots ## The integration tests on RabbitMQ 3.10, 4.0 and 4.3
	cargo build --locked --workspace --bins
	for root in host trixie sid; do \
	  WARRENER_TESTBED_ROOT=$$root cargo test --locked --test it || exit 1; \
	done

test-systemd: ## The systemd control on a real systemd, booted in a container (as root)
	@testbed/install.sh debootstrap systemd-container
	@testbed/roots.sh systemd
	cargo test --locked --workspace --test controls --test it systemd -- --ignored

test-docker: ## The docker control on a real Docker engine of its own (as root)
	@testbed/install.sh docker.io busybox-static
	cargo test --locked --workspace --test controls --test it docker -- --ignored

test-compose: install ## docker-compose.yml on a real Docker engine, with Debian's servers in the images' place (as root)
	@testbed/install.sh docker.io busybox-static debootstrap
	@testbed/roots.sh compose
	PATH=$(CURDIR)/.roots/compose/usr/libexec/docker/cli-plugins:$$PATH \
	  cargo test --locked --test controls compose:: -- --ignored --nocapture

drill: install ## Long runs with real parts: hang verdicts against the truth, every alert by its fault
	cargo build --locked --workspace --bins
	cargo test --locked --test it drills:: -- --ignored --nocapture --test-threads 1
	cargo test --locked --lib report::tests::year -- --ignored --nocapture

bench: install ## Scrape and encode times, memory, CPU, and what a poll costs the broker
	cargo bench --locked --bench exposition
	cargo bench --locked --bench broker
	BENCH_QUEUES=100 cargo bench --locked --bench broker
	cargo bench --locked --bench workers

grafana-look: install ## Draw the dashboards, for a person to look at (needs node, npm, chromium, pngquant)
	cd tests/grafana && npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund && npm run check
	WARRENER_LOOK=$(CURDIR)/tests/grafana/look.mjs \
	  cargo test --locked --test it dashboards::look -- --ignored --nocapture

page-look: install ## Draw the status page's pictures in docs/images, for a person to look at
	@testbed/install.sh pngquant
	cargo build --locked --workspace --bins
	cargo test --locked --test it page::look -- --ignored --nocapture

clean: ## What the build left
	cargo clean
