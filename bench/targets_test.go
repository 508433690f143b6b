package main

import (
	"slices"
	"testing"
)

// everythingPlanned is what is measured when nothing is chosen.
func everythingPlanned(t *testing.T) measurements {
	t.Helper()
	o, err := parseOptions(nil, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	return o.plan()
}

func TestTargetsAreOfWhatIsMeasured(t *testing.T) {
	planned := everythingPlanned(t)
	all, err := targets()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("there are no targets")
	}
	for _, target := range all {
		if planned.find(target.Of) == nil {
			t.Errorf("%s: %s is not measured", target.Name, target.Of)
		}
		if target.Beside != "" && planned.find(target.Beside) == nil {
			t.Errorf("%s: %s is not measured", target.Name, target.Beside)
		}
		if (target.AtLeast == nil) == (target.AtMost == nil) {
			t.Errorf("%s: it has no bound, or two", target.Name)
		}
		if !slices.ContainsFunc(columns, func(c column) bool { return c.figure == target.Figure }) && target.Figure != besideAlone {
			t.Errorf("%s: there is no figure %s", target.Name, target.Figure)
		}
	}
}

func TestNothingIsMeasuredTwice(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range everythingPlanned(t) {
		if seen[m.String()] {
			t.Errorf("%s is planned twice", m)
		}
		seen[m.String()] = true
	}
}

func TestVerdicts(t *testing.T) {
	planned := everythingPlanned(t)
	of, beside := planned[0], planned[1]
	of.add(figures{rate: 30})
	beside.add(figures{rate: 10})
	bound := func(n float64) *float64 { return &n }
	tests := []struct {
		name    string
		target  target
		value   float64
		reached bool
	}{
		{"a ratio that is reached", target{Figure: rate, Of: of.String(), Beside: beside.String(), AtLeast: bound(3)}, 3, true},
		{"one that is not", target{Figure: rate, Of: of.String(), Beside: beside.String(), AtLeast: bound(3.1)}, 3, false},
		{"a figure that is low enough", target{Figure: rate, Of: of.String(), AtMost: bound(30)}, 30, true},
		{"one that is not", target{Figure: rate, Of: of.String(), AtMost: bound(29)}, 30, false},
		{"one that is as far as it is exact", target{Figure: rate, Of: of.String(), AtMost: bound(25), RoundTo: 25}, 25, true},
	}
	for _, test := range tests {
		got := judge([]target{test.target}, planned)
		if len(got) != 1 || got[0].Value != test.value || got[0].Reached != test.reached {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
	unmeasured := target{Figure: rate, Of: planned[2].String(), AtLeast: bound(0)}
	if got := judge([]target{unmeasured}, planned); len(got) != 0 {
		t.Errorf("a target of what was not measured has a verdict: %+v", got)
	}
}
