package main

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// series is one figure of all rounds.
type series []float64

func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// spread is how far the rounds are from their median at most, as a share of it.
func (s series) spread() float64 {
	median := s.median()
	if median == 0 {
		return 0
	}
	return max(slices.Max(s)-median, median-slices.Min(s)) / median
}

func (s series) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Median float64   `json:"median"`
		Min    float64   `json:"min"`
		Max    float64   `json:"max"`
		Rounds []float64 `json:"rounds"`
	}{s.median(), slices.Min(s), slices.Max(s), s})
}

func (s *series) UnmarshalJSON(text []byte) error {
	var fields struct {
		Rounds []float64 `json:"rounds"`
	}
	err := json.Unmarshal(text, &fields)
	*s = fields.Rounds
	return err
}

// measurement is all rounds of one pair with one workload.
type measurement struct {
	pair pair
	work work

	figures  map[string]series
	failures []string // of rounds that gave no figures
}

func (m *measurement) String() string { return m.pair.String() + " " + m.work.String() }

func (m *measurement) add(f figures) {
	if m.figures == nil {
		m.figures = make(map[string]series)
	}
	for name, value := range f {
		m.figures[name] = append(m.figures[name], value)
	}
}

// fail keeps the reason of a round that gave no figures: its first line, as what a program had to say about it belongs on the screen.
func (m *measurement) fail(err error) {
	reason, _, _ := strings.Cut(err.Error(), "\n")
	m.failures = append(m.failures, reason)
}

// value is the median of a figure; false if there is none.
func (m *measurement) value(figure string) (float64, bool) {
	s := m.figures[figure]
	if len(s) == 0 {
		return 0, false
	}
	return s.median(), true
}

// measurementFields is a measurement in results.json.
type measurementFields struct {
	Client string `json:"client"`
	Server string `json:"server"`
	work
	Figures  map[string]series `json:"figures"`
	Failures []string          `json:"failures,omitempty"`
}

func (m *measurement) UnmarshalJSON(text []byte) error {
	var fields measurementFields
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	p, err := parsePair(fields.Client + ">" + fields.Server)
	*m = measurement{p, fields.work, fields.Figures, fields.Failures}
	return err
}

func (m *measurement) MarshalJSON() ([]byte, error) {
	return json.Marshal(measurementFields{m.pair.client.name, m.pair.server.name, m.work, m.figures, m.failures})
}

// measurements are in the order of the works, and of the pairs in each.
type measurements []*measurement

// find is nil when that was not measured.
func (all measurements) find(name string) *measurement {
	for _, m := range all {
		if m.String() == name {
			return m
		}
	}
	return nil
}

// byRate has those with the highest rate first.
func (all measurements) byRate() measurements {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b *measurement) int {
		rateOfA, _ := a.value(rate)
		rateOfB, _ := b.value(rate)
		return cmp.Compare(rateOfB, rateOfA)
	})
	return sorted
}
