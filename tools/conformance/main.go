// Command conformance writes docs/conformance.md: the rules of the specification with the tests that hold them. The rules are those of
// tests/conformance/clauses.txt; the tests name them in a comment right above themselves:
//
//	// Conforms: setup/first-frame, setup/stream-0
//
// It is called from the repository's root: go run ./tools/conformance. It fails if a rule has no test or a test names no rule; a test of
// this package does as well, and if the table is out of date.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const (
	catalogueFile = "tests/conformance/clauses.txt"
	tableFile     = "docs/conformance.md"
)

// sources are the folders whose tests can hold a clause.
var sources = []string{"go", "rust", "tests"}

func main() {
	problems, err := write(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
	for _, problem := range problems {
		fmt.Fprintln(os.Stderr, "conformance:", problem)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// write writes the table of the repository at root, be there problems or not, and returns them.
func write(root string) ([]problem, error) {
	table, problems, err := generate(root)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(root, tableFile)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	return problems, os.WriteFile(file, []byte(table), 0o644)
}

// generate makes the table of the repository at root, and tells what is wrong with the catalogue and the tests. An error means that
// there is no table.
func generate(root string) (string, []problem, error) {
	text, err := os.ReadFile(filepath.Join(root, catalogueFile))
	if err != nil {
		return "", nil, err
	}
	catalogue, err := parseCatalogue(string(text))
	if err != nil {
		return "", nil, err
	}
	annotations, problems, err := readAnnotations(root, sources)
	if err != nil {
		return "", nil, err
	}
	return renderTable(catalogue, annotations), append(problems, check(catalogue, annotations)...), nil
}
