package main

import (
	"os"
	"path/filepath"
	"testing"
)

const root = "../.."

func TestEveryClauseIsHeldAndEveryAnnotationNamesOne(t *testing.T) {
	_, problems, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

func TestConformanceTableIsUpToDate(t *testing.T) {
	want, _, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, tableFile))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is out of date; run: go run ./tools/conformance", tableFile)
	}
}

// repository makes a repository of one clause, "a/one", and one test file.
func repository(t *testing.T, test string) string {
	t.Helper()
	root := t.TempDir()
	for file, text := range map[string]string{
		catalogueFile:         oneClause,
		"go/deep/one_test.go": test,
		"go/deep/other.go":    "// Conforms: no/test\nfunc TestNothing() {}\n",
		"rust/target/built.rs": `// Conforms: no/source
#[test]
fn built() {}
`,
	} {
		file = filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestTheTableIsWrittenAndThenUpToDate(t *testing.T) {
	root := repository(t, "// Conforms: a/one\nfunc TestOne(t *testing.T) {}\n")
	problems, err := write(root)
	if err != nil || len(problems) > 0 {
		t.Fatalf("%v, %v", problems, err)
	}
	want, _, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, tableFile))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheTableIsWrittenInSpiteOfProblems(t *testing.T) {
	root := repository(t, "// Conforms: a/two\nfunc TestOne(t *testing.T) {}\n")
	problems, err := write(root)
	if err != nil {
		t.Fatal(err)
	}
	checkProblems(t, problems,
		"tests/conformance/clauses.txt:3: a/one has neither a test nor a reason to have none",
		"go/deep/one_test.go:1: a/two is no clause of tests/conformance/clauses.txt")
	if _, err := os.Stat(filepath.Join(root, tableFile)); err != nil {
		t.Error(err)
	}
}

func TestWithoutACatalogueThereIsNoTable(t *testing.T) {
	root := repository(t, "")
	if err := os.Remove(filepath.Join(root, catalogueFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := write(root); err == nil {
		t.Error("no error")
	}
}

// checkProblems compares problems with what they should say.
func checkProblems(t *testing.T, problems []problem, want ...string) {
	t.Helper()
	for i := range max(len(problems), len(want)) {
		switch {
		case i >= len(want):
			t.Errorf("also: %s", problems[i])
		case i >= len(problems):
			t.Errorf("missing: %s", want[i])
		case problems[i].String() != want[i]:
			t.Errorf("got  %s\nwant %s", problems[i], want[i])
		}
	}
}
