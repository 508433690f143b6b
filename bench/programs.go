package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// programs finds the executables of contenders: through RSOCKET_BENCH_<NAME>, or in a folder.
type programs struct{ folder string }

func (p programs) path(name string) (string, error) {
	variable := "RSOCKET_BENCH_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	path := os.Getenv(variable)
	if path == "" {
		path = filepath.Join(p.folder, name)
	}
	// Bazel's are relative to the root of the runfiles, where a test is not.
	if root := os.Getenv("TEST_SRCDIR"); root != "" && !filepath.IsAbs(path) {
		path = filepath.Join(root, os.Getenv("TEST_WORKSPACE"), path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("the program of the contender %s is not there (%s is not it either): %w; `make bench-programs` builds it", name, variable, err)
	}
	return path, nil
}
