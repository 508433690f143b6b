package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
)

// buildEvent is the part of a line of Bazel's build event file that tells of a test's run.
type buildEvent struct {
	ID struct {
		TestResult *struct {
			Label string `json:"label"`
		} `json:"testResult"`
	} `json:"id"`
	TestResult struct {
		Status           string `json:"status"`
		TestActionOutput []struct {
			Name string `json:"name"`
			URI  string `json:"uri"`
		} `json:"testActionOutput"`
	} `json:"testResult"`
}

// countBuildEvents counts the test cases of all test targets that ran.
func countBuildEvents(events io.Reader) (tally, error) {
	var total tally
	decoder := json.NewDecoder(events)
	for {
		var event buildEvent
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			return total, nil
		} else if err != nil {
			return total, fmt.Errorf("reading Bazel's build events: %w", err)
		}
		if event.ID.TestResult == nil {
			continue
		}
		counted, err := countTarget(event)
		if err != nil {
			return total, fmt.Errorf("counting the tests of %s: %w", event.ID.TestResult.Label, err)
		}
		total.add(counted)
	}
}

// countTarget counts a target's cases: those that its log or its XML report tells of, and the target as one when neither does. A target
// that failed without a failed case (it crashed, it took too long) is a failure all the same.
func countTarget(event buildEvent) (tally, error) {
	outputs := map[string][]byte{}
	for _, output := range event.TestResult.TestActionOutput {
		content, err := readURI(output.URI)
		if err != nil {
			return tally{}, err
		}
		outputs[output.Name] = content
	}
	counted := countRustTests(bytes.NewReader(outputs["test.log"]))
	if counted == (tally{}) {
		counted = countReport(outputs["test.xml"])
	}
	ok := event.TestResult.Status == "PASSED"
	switch {
	case ok && counted == (tally{}):
		counted.passed = 1
	case !ok && counted.failed == 0:
		counted.failed = 1
	}
	return counted, nil
}

// report is a JUnit report: Bazel's own has one case for the target, Go's has one for each test.
type report struct {
	Suites []struct {
		Cases []struct {
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func countReport(content []byte) tally {
	var r report
	var counted tally
	if xml.Unmarshal(content, &r) != nil {
		return counted // no report, or half of one: the target's status counts
	}
	for _, suite := range r.Suites {
		for _, c := range suite.Cases {
			switch {
			case c.Failure != nil || c.Error != nil:
				counted.failed++
			case c.Skipped == nil:
				counted.passed++
			}
		}
	}
	return counted
}

func readURI(text string) ([]byte, error) {
	uri, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(uri.Path)
}
