// Command test runs every test of the repository and ends with the line "N passed, N failed": Bazel's, then those that Bazel does not
// hold. It is called from the repository's root, after the C library is built: make test.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// tally counts test cases.
type tally struct{ passed, failed int }

func (t *tally) add(other tally) {
	t.passed += other.passed
	t.failed += other.failed
}

// suite is a group of tests with one way to run and count them. An error means that they did not run to their end.
type suite struct {
	name string
	run  func(scratch string) (tally, error)
}

var suites = []suite{
	{"bazel test //...", runBazel},
	{"cargo test", runCargo},
	{"go test -race", runGoRace},
	{"go test -race, with QUIC in the library", runGoQUIC},
	{"cargo miri test", runMiri},
	{"the C client under sanitizers", command("tests/c/sanitizers.sh")},
	{"an installed library", command("tests/install/run.sh")},
	{"a Bazel workspace that uses this one", command("tests/consumer/run.sh")},
	{"an example in a browser", runBrowser},
	{"Autobahn's WebSocket test suite", runAutobahn},
	{"instructions per request", command("go", "run", "./bench/instructions")},
	{"gazelle leaves the BUILD files as they are", command("tools/check_gazelle.sh")},
}

func main() {
	scratch, err := os.MkdirTemp("", "rsocket-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "test:", err)
		os.Exit(1)
	}
	total := runAll(suites, scratch)
	_ = os.RemoveAll(scratch) // what stays behind is in the system's folder for that
	fmt.Printf("%d passed, %d failed\n", total.passed, total.failed)
	if total.failed > 0 || total.passed == 0 {
		os.Exit(1)
	}
}

// runAll runs the suites one after the other. A suite that broke without a failed test counts as one.
func runAll(suites []suite, scratch string) tally {
	var total tally
	for i, s := range suites {
		fmt.Printf("== %s\n", s.name)
		start := time.Now()
		counted, err := s.run(filepath.Join(scratch, fmt.Sprint(i)))
		if err != nil {
			fmt.Fprintf(os.Stderr, "test: %s: %v\n", s.name, err)
			if counted.failed == 0 {
				counted.failed = 1
			}
		}
		fmt.Printf("== %s: %d passed, %d failed, %v\n\n", s.name, counted.passed, counted.failed, time.Since(start).Round(time.Second))
		total.add(counted)
	}
	return total
}
