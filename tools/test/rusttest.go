package main

import (
	"bufio"
	"io"
	"regexp"
)

// rustTest is the line of one test in the output of Rust's test programs, in Cargo and in Bazel.
var rustTest = regexp.MustCompile(`^test .* \.\.\. (ok|FAILED)$`)

// countRustTests counts the tests in the output of Rust's test programs.
func countRustTests(output io.Reader) tally {
	var counted tally
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		match := rustTest.FindStringSubmatch(lines.Text())
		switch {
		case match == nil:
		case match[1] == "ok":
			counted.passed++
		default:
			counted.failed++
		}
	}
	return counted
}
