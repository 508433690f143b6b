package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// goEvent is a line of go test -json.
type goEvent struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
}

// countGoTests counts the tests in the output of go test -json. It shows one line a package, and all that a failed test printed.
func countGoTests(events io.Reader, show io.Writer) (tally, error) {
	var counted tally
	printed := map[[2]string]string{}
	decoder := json.NewDecoder(events)
	for {
		var event goEvent
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			return counted, nil
		} else if err != nil {
			return counted, fmt.Errorf("reading go test's events: %w", err)
		}
		key := [2]string{event.Package, event.Test}
		switch event.Action {
		case "output":
			printed[key] += event.Output
		case "pass", "fail", "skip":
			if event.Test == "" {
				fmt.Fprintf(show, "%s\t%s\t%.1f s\n", event.Action, event.Package, event.Elapsed)
			}
			counted.add(outcome(event))
			if event.Action == "fail" {
				fmt.Fprint(show, printed[key])
			}
			delete(printed, key)
		}
	}
}

// outcome is what an event adds to the count. A package is not a test, but one that fails without a failing test (it did not build,
// it crashed) must not go unseen; runAll sees to that through go test's exit code.
func outcome(event goEvent) tally {
	switch {
	case event.Test == "":
		return tally{}
	case event.Action == "pass":
		return tally{passed: 1}
	case event.Action == "fail":
		return tally{failed: 1}
	}
	return tally{}
}
