package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// runBazel runs all of Bazel's tests. It keeps going, so that one failure does not hide others.
func runBazel(scratch string) (tally, error) {
	err := run(os.Stdout, "tools/bazelw", "test", "--keep_going", "--build_event_json_file="+scratch, "//...")
	events, openErr := os.Open(scratch)
	if openErr != nil {
		return tally{}, errors.Join(err, openErr)
	}
	defer events.Close()
	counted, countErr := countBuildEvents(events)
	return counted, errors.Join(err, countErr)
}

// runCargo runs those of Cargo's tests that are no Bazel targets: the examples in the documentation, and what holds Cargo's build of the
// C library, the one that make build-rust made, to what it should be.
func runCargo(string) (tally, error) {
	libraries, err := filepath.Abs("rust/target/release")
	if err != nil {
		return tally{}, err
	}
	var output bytes.Buffer
	show := io.MultiWriter(os.Stdout, &output)
	err = errors.Join(
		run(show, "cargo", "test", "--manifest-path=rust/Cargo.toml", "--workspace", "--locked", "--doc"),
		run(show, "env", "RSOCKET_LIB_DIR="+libraries,
			"cargo", "test", "--manifest-path=rust/Cargo.toml", "--package=rsocket_ffi", "--locked", "--test=*"),
	)
	return countRustTests(&output), err
}

// runMiri runs the tests of the C ABI under Miri.
func runMiri(string) (tally, error) {
	var output bytes.Buffer
	err := run(io.MultiWriter(os.Stdout, &output), "rust/ffi/miri.sh")
	return countRustTests(&output), err
}

// runGoRace runs Go's tests under the race detector, against the library that cargo built. Those in tests/interop and the
// benchmark's drive programs that Bazel builds, and are Bazel's.
func runGoRace(string) (tally, error) {
	var output bytes.Buffer
	err := run(&output, "go", "test", "-race", "-json",
		"./go/...", "./examples/...", "./bench/load", "./bench/instructions", "./tests/peers/...", "./tools/...")
	counted, countErr := countGoTests(&output, os.Stdout)
	return counted, errors.Join(err, countErr)
}

// runGoQUIC builds the C library once more, with QUIC, and runs the tests of the Go package under the race detector against that,
// installed in the scratch folder.
func runGoQUIC(scratch string) (tally, error) {
	target, err := filepath.Abs("rust/target/quic")
	if err != nil {
		return tally{}, err
	}
	err = errors.Join(
		run(os.Stdout, "cargo", "build", "--manifest-path=rust/Cargo.toml", "--release", "--locked", "--package=rsocket_ffi", "--features=quic",
			"--target-dir="+target),
		run(os.Stdout, "env", "CARGO_TARGET_DIR="+target, "PREFIX="+scratch, "tools/install.sh"),
	)
	if err != nil {
		return tally{}, err
	}
	var output bytes.Buffer
	libraries := filepath.Join(scratch, "lib")
	err = run(&output, "env",
		"RSOCKET_QUIC_IS_BUILT=yes", "PKG_CONFIG_PATH="+filepath.Join(libraries, "pkgconfig"), "LD_LIBRARY_PATH="+libraries,
		// Go keeps what cgo made and does not ask pkg-config again, so each run has flags of its own.
		fmt.Sprintf("CGO_CFLAGS=-O2 -g -DRSOCKET_QUIC_TEST=%d", os.Getpid()),
		"go", "test", "-race", "-json", "-tags=rsocket_system", "./go/...")
	counted, countErr := countGoTests(&output, os.Stdout)
	return counted, errors.Join(err, countErr)
}

// runBrowser runs the tests of the browser example, in Chromium.
func runBrowser(string) (tally, error) {
	var output bytes.Buffer
	err := run(&output, "tests/browser/run.sh")
	counted, countErr := countGoTests(&output, os.Stdout)
	return counted, errors.Join(err, countErr)
}

// runAutobahn lets another project's test suite loose on our WebSocket, case by case.
func runAutobahn(string) (tally, error) {
	var output bytes.Buffer
	err := run(io.MultiWriter(os.Stdout, &output), "tests/autobahn/run.sh")
	return countRustTests(&output), err
}

// command is a suite of one test: the command's exit code.
func command(name string, args ...string) func(string) (tally, error) {
	return func(string) (tally, error) {
		if err := run(os.Stdout, name, args...); err != nil {
			return tally{failed: 1}, err
		}
		return tally{passed: 1}, nil
	}
}

// run runs a command without input and with its output to out; errors go to the screen.
func run(out io.Writer, name string, args ...string) error {
	command := exec.Command(name, args...)
	command.Stdout, command.Stderr = out, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
