package main

import (
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

func TestMedianAndSpread(t *testing.T) {
	tests := []struct {
		rounds         series
		median, spread float64
	}{
		{series{7}, 7, 0},
		{series{30, 10, 20}, 20, 0.5},
		{series{40, 10, 20, 30}, 25, 0.6},
		{series{0, 0, 0}, 0, 0},
	}
	for _, test := range tests {
		if got := test.rounds.median(); got != test.median {
			t.Errorf("%v: median %g, want %g", test.rounds, got, test.median)
		}
		if got := test.rounds.spread(); got != test.spread {
			t.Errorf("%v: spread %g, want %g", test.rounds, got, test.spread)
		}
	}
}

func TestResultsAreReadAsTheyWereWritten(t *testing.T) {
	p, err := parsePair("ours-go>ours-rust")
	if err != nil {
		t.Fatal(err)
	}
	m := &measurement{pair: p, work: work{"one", 64, 16, 1}}
	m.add(figures{rate: 3})
	m.add(figures{rate: 1})
	m.fail(errors.New("it took too long"))
	want := results{Rounds: 3, Duration: 0.5, Prefetch: 16, Machine: machine{Cores: 2}, Measurements: measurements{m}}
	folder := t.TempDir()
	if err := want.write(folder); err != nil {
		t.Fatal(err)
	}
	got, err := readResults(filepath.Join(folder, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	if _, err := readResults(filepath.Join(folder, "none.json")); err == nil {
		t.Error("read a file that is not there")
	}
}

func TestAFailureIsKeptInALine(t *testing.T) {
	var m measurement
	m.fail(errors.New("it took too long; it said: panic\ngoroutine 1:\n\t/home/somebody/main.go:1"))
	m.fail(errors.New("it took too long"))
	want := []string{"it took too long; it said: panic", "it took too long"}
	if !slices.Equal(m.failures, want) {
		t.Errorf("kept %q, want %q", m.failures, want)
	}
}

func TestRoundsAreInterleavedAndBeginWithAnotherPair(t *testing.T) {
	one, other := work{Workload: "one"}, work{Workload: "other"}
	a, b, c, d := &measurement{work: one}, &measurement{work: one}, &measurement{work: one}, &measurement{work: other}
	all := measurements{a, b, c, d}
	for round, want := range []measurements{{a, b, c, d}, {b, c, a, d}, {c, a, b, d}, {a, b, c, d}} {
		for i, m := range rotated(all, round) {
			if m != want[i] {
				t.Errorf("round %d: place %d has the wrong one", round, i)
			}
		}
	}
}

func TestNumbersInWords(t *testing.T) {
	for number, want := range map[float64]string{
		0: "0", 0.00123: "0.00123", 1.5: "1.50", 12.34: "12.3", 123.4: "123", 12345: "12345", -1.5: "-1.50",
	} {
		if got := short(number); got != want {
			t.Errorf("%g is %q, want %q", number, got, want)
		}
	}
	if got := bytesText(64 << 10); got != "64 KiB" {
		t.Errorf("64 KiB are %q", got)
	}
}

func TestLinesOfAChartDifferInColour(t *testing.T) {
	if len(slices.Compact(slices.Sorted(slices.Values(palette)))) != len(palette) {
		t.Error("a colour is in the palette twice")
	}
	for _, group := range chartGroups {
		lines := 0
		for _, name := range defaultPairs {
			if p, err := parsePair(name); err != nil {
				t.Error(err)
			} else if group.has(p) || name == group.beside {
				lines++
			}
		}
		if lines > len(palette) {
			t.Errorf("%s: %d lines, %d colours", group.name, lines, len(palette))
		}
	}
}

// A chart that had only what the others are compared with would say nothing.
func TestAChartHasMoreThanWhatIsComparedWith(t *testing.T) {
	var all measurements
	for _, name := range []string{"ours-go>ours-go", "ours-go-ws>ours-go-ws", "nats>nats"} {
		p, err := parsePair(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, workload := range p.client.does {
			all = append(all, &measurement{pair: p, work: work{Workload: workload}})
		}
	}
	for _, group := range chartGroups {
		works := make(map[string][]string)
		for _, m := range all.of(group) {
			works[m.work.Workload] = append(works[m.work.Workload], m.pair.String())
		}
		for workload, pairs := range works {
			if group.beside != "" && len(pairs) < 2 {
				t.Errorf("%s: %s has only %v", group.name, workload, pairs)
			}
		}
		if group.name == "transports" && len(works) != 1 {
			t.Errorf("transports are compared at %v", works)
		}
	}
}
