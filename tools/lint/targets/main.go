// Command targets type-checks the library's Go packages for each system that it is meant for. "go vet" with GOOS set cannot: it needs a C
// compiler for that system. Here, what comes from C is taken on trust.
package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
)

const module = "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/"

// packages that ship, in the order of their imports.
var packages = []string{"go/internal/ffi", "go"}

var targets = []struct{ os, arch string }{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

func main() {
	failed := false
	for _, target := range targets {
		if err := check(target.os, target.arch); err != nil {
			fmt.Fprintf(os.Stderr, "%s/%s: %v\n", target.os, target.arch, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// check type-checks all packages for one target.
func check(system, architecture string) error {
	c := newChecker(system, architecture)
	for _, folder := range packages {
		if err := c.check(folder); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	return nil
}

// checker type-checks packages for one target. It knows those that it has checked.
type checker struct {
	build   build.Context
	files   *token.FileSet
	system  types.Importer
	checked map[string]*types.Package
}

func newChecker(system, architecture string) *checker {
	// The importer of sources reads this variable. Without cgo, so that the standard library's own C is not in the way.
	build.Default.GOOS, build.Default.GOARCH, build.Default.CgoEnabled = system, architecture, false
	files := token.NewFileSet()
	c := &checker{
		build:   build.Default,
		files:   files,
		system:  importer.ForCompiler(files, "source", nil),
		checked: map[string]*types.Package{},
	}
	c.build.CgoEnabled = true
	return c
}

// Import gives a package of ours that was checked before, or one of the standard library.
func (c *checker) Import(path string) (*types.Package, error) {
	if ours, ok := c.checked[path]; ok {
		return ours, nil
	}
	return c.system.Import(path)
}

func (c *checker) check(folder string) error {
	found, err := c.build.ImportDir(folder, 0)
	if err != nil {
		return err
	}
	var parsed []*ast.File
	for _, name := range append(found.GoFiles, found.CgoFiles...) {
		file, err := parser.ParseFile(c.files, filepath.Join(folder, name), nil, 0)
		if err != nil {
			return err
		}
		parsed = append(parsed, file)
	}
	var problems []error
	config := types.Config{
		FakeImportC: true,
		Importer:    c,
		Sizes:       types.SizesFor("gc", c.build.GOARCH),
		Error:       func(err error) { problems = append(problems, err) },
	}
	checked, _ := config.Check(module+folder, c.files, parsed, nil) // its error is the first of problems
	c.checked[module+folder] = checked
	if len(found.CgoFiles) > 0 {
		return nil // only its declarations count: sizes and constants of C's are unknown here, and a build checks them
	}
	return errors.Join(problems...)
}
