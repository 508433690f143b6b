package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGoEvents(t *testing.T) {
	events := `{"Action":"output","Package":"p","Test":"TestA","Output":"why\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p","Elapsed":1}
`
	var shown strings.Builder
	counted, err := countGoTests(strings.NewReader(events), &shown)
	if err != nil {
		t.Fatal(err)
	}
	if want := (tally{passed: 1, failed: 1}); counted != want {
		t.Errorf("counted %v, want %v", counted, want)
	}
	if !strings.Contains(shown.String(), "why\n") {
		t.Errorf("what the failed test printed is not shown: %q", shown.String())
	}
}

func TestRustOutput(t *testing.T) {
	output := "running 3 tests\ntest a::b ... ok\ntest c - should panic ... ok\ntest d ... FAILED\ntest result: FAILED. 2 passed; 1 failed\n"
	if counted, want := countRustTests(strings.NewReader(output)), (tally{passed: 2, failed: 1}); counted != want {
		t.Errorf("counted %v, want %v", counted, want)
	}
}

func TestBuildEvents(t *testing.T) {
	for name, c := range map[string]struct {
		status, log, xml string
		want             tally
	}{
		"cases in Rust's log":     {"FAILED", "test a ... ok\ntest b ... FAILED\n", "", tally{1, 1}},
		"cases in Go's report":    {"FAILED", "", "<testsuites><testsuite><testcase/><testcase><failure/></testcase><testcase><skipped/></testcase></testsuite></testsuites>", tally{1, 1}},
		"no cases":                {"PASSED", "", "", tally{1, 0}},
		"a crash after the cases": {"FAILED", "test a ... ok\n", "", tally{1, 1}},
		"too long":                {"TIMEOUT", "", "", tally{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			counted, err := countBuildEvents(strings.NewReader(buildEvents(t, c.status, c.log, c.xml)))
			if err != nil {
				t.Fatal(err)
			}
			if counted != c.want {
				t.Errorf("counted %v, want %v", counted, c.want)
			}
		})
	}
}

// buildEvents is a build event file with one test target.
func buildEvents(t *testing.T, status, log, xml string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{"test.log": log, "test.xml": xml} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf(`{"id":{"started":{}}}
{"id":{"testResult":{"label":"//a:b"}},"testResult":{"status":%q,"testActionOutput":[
  {"name":"test.log","uri":"file://%s/test.log"},{"name":"test.xml","uri":"file://%s/test.xml"}]}}
`, status, folder, folder)
}

func TestABrokenSuiteIsAFailure(t *testing.T) {
	broken := []suite{{"broken", func(string) (tally, error) { return tally{passed: 3}, io.ErrUnexpectedEOF }}}
	if total, want := runAll(broken, t.TempDir()), (tally{passed: 3, failed: 1}); total != want {
		t.Errorf("counted %v, want %v", total, want)
	}
}
