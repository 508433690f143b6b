# What one does with this repository, as short names. `make` alone lists them.

CARGO ?= cargo
GO ?= go
PREFIX ?= /usr/local
# Features of the C library beside the default ones, such as quic, separated by commas.
RUST_FEATURES ?=
EXAMPLES := $(notdir $(wildcard examples/go/*))

.DEFAULT_GOAL := help
.PHONY: help all build-rust build-go examples demo test lint bench bench-programs install clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

all: build-rust build-go examples ## build the engine, the Go package and the examples

build-rust: ## build the C library and its header with cargo, in rust/target; with QUIC: RUST_FEATURES=quic
	$(CARGO) build --manifest-path rust/Cargo.toml --release --locked --package rsocket_ffi $(if $(RUST_FEATURES),--features $(RUST_FEATURES))

build-go: build-rust ## build the Go packages
	$(GO) build ./go/... ./examples/...

examples: build-rust ## build the example programs, in examples/
	$(GO) build -o examples/ $(EXAMPLES:%=./examples/go/%)

demo: examples ## let a client talk to a server
	tools/demo.sh

test: build-rust ## run all tests, Bazel's and the others; ends with the line "N passed, N failed"
	$(GO) run ./tools/test

lint: build-rust ## check form, and what compilers and linters find
	tools/lint/run.sh

bench: bench-programs ## measure beside other libraries, results in bench/results; BENCH="-h" for what can be chosen
	bench/bin/bench $(BENCH)

bench-programs: build-rust ## build the benchmark and its contenders, in bench/bin
	bench/build.sh

install: build-rust ## install the C library under PREFIX, /usr/local by default
	PREFIX=$(PREFIX) tools/install.sh

clean: ## delete what was built here (Bazel's and Go's caches stay)
	$(CARGO) clean --manifest-path rust/Cargo.toml
	$(CARGO) clean --manifest-path bench/contenders/rsocket-rust/Cargo.toml
	rm -rf $(EXAMPLES:%=examples/%) bench/bin
