package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
)

//go:embed targets.json
var targetsFile []byte

// target is what a figure is to reach, by itself or as a multiple of that of something else. One of AtLeast and AtMost is set.
type target struct {
	Name    string   `json:"name"`
	Figure  string   `json:"figure"`
	Of      string   `json:"of"`     // a measurement: CLIENT>SERVER WORKLOAD/SIZE/IN-FLIGHTxCONNECTIONS
	Beside  string   `json:"beside"` // another one
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`
	// RoundTo is how exact the value is: allocations also have those in them that are not made for each request. 0 is exact.
	RoundTo float64 `json:"round_to,omitempty"`
}

// verdict is what came of a target.
type verdict struct {
	target
	Reached bool    `json:"reached"`
	Value   float64 `json:"value"` // the figure, or its ratio to the other one
	Unit    string  `json:"unit"`
}

func targets() ([]target, error) {
	var all []target
	if err := json.Unmarshal(targetsFile, &all); err != nil {
		return nil, fmt.Errorf("reading targets.json: %w", err)
	}
	return all, nil
}

// judge leaves out targets of what was not measured.
func judge(all []target, measured measurements) []verdict {
	var verdicts []verdict
	for _, t := range all {
		if v, ok := t.judge(measured); ok {
			verdicts = append(verdicts, v)
		}
	}
	return verdicts
}

func (t target) judge(measured measurements) (verdict, bool) {
	value, ok := valueOf(measured, t.Of, t.Figure)
	if !ok {
		return verdict{}, false
	}
	v := verdict{target: t, Value: value, Unit: t.Figure}
	if t.Beside != "" {
		beside, ok := valueOf(measured, t.Beside, t.Figure)
		if !ok || beside == 0 {
			return verdict{}, false
		}
		v.Value, v.Unit = value/beside, "ratio"
	}
	if t.RoundTo > 0 {
		v.Value = math.Round(v.Value/t.RoundTo) * t.RoundTo
	}
	v.Reached = (t.AtLeast == nil || v.Value >= *t.AtLeast) && (t.AtMost == nil || v.Value <= *t.AtMost)
	return v, true
}

func valueOf(measured measurements, name, figure string) (float64, bool) {
	m := measured.find(name)
	if m == nil {
		return 0, false
	}
	return m.value(figure)
}

// bound is the target in words.
func (t target) bound() string {
	if t.AtLeast != nil {
		return "at least " + short(*t.AtLeast)
	}
	return "at most " + short(*t.AtMost)
}
