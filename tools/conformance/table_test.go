package main

import (
	"strings"
	"testing"
)

func TestRenderTable(t *testing.T) {
	got := renderTable(catalogueOf(
		clause{id: "a/one", level: "MUST", text: "One | two."},
		clause{id: "a/two", level: "MAY", text: "Two.", notApplicable: "An option."},
		clause{id: "a/three", level: "FACT", text: "Three.", deviates: "Better so."},
		clause{id: "a/four", level: "FACT", text: "Four."},
	), []annotation{
		{"a/one", "rust/deep/a.rs", 7, "it_is_so"},
		{"a/three", "rust/deep/a.rs", 7, "it_is_so"},
		{"a/one", "go/a_test.go", 9, "TestOne"},
	})
	want := introduction + `Of 4 rules, tests hold 1; 1 do not bind this library or are options that it does not take; from 1 it deviates. **1 have no test.**

## The letter A

From [A.md](https://github.com/rsocket/rsocket/blob/master/A.md).

### One

| clause | rule | level | tests |
|---|---|---|---|
` +
		"| `a/one` | One \\| two. | MUST | [a.rs#it_is_so](../rust/deep/a.rs#it_is_so)<br>[a_test.go#TestOne](../go/a_test.go#TestOne) |\n" +
		"| `a/two` | Two. | MAY | *not applicable:* An option. |\n" +
		"| `a/three` | Three. | FACT | *deviates:* Better so.<br>[a.rs#it_is_so](../rust/deep/a.rs#it_is_so) |\n" +
		"| `a/four` | Four. | FACT | **none** |\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestATableWithoutGapsSaysNothingOfThem(t *testing.T) {
	got := renderTable(catalogueOf(clause{id: "a/one", level: "MUST", text: "One."}), []annotation{{"a/one", "a.rs", 7, "test"}})
	if strings.Contains(got, "no test") || strings.Contains(got, none) {
		t.Errorf("got\n%s", got)
	}
}
