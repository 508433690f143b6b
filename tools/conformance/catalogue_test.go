package main

import (
	"reflect"
	"strings"
	"testing"
)

const oneClause = "file A.md The letter A\nsection One\nclause a/one MUST\n  It is so.\n"

func TestACatalogueIsReadInItsOrder(t *testing.T) {
	got, err := parseCatalogue(`# A comment.
file A.md The letter A

section One
clause a/one MUST NOT
  It is not,
  and never was.
clause a/two FACT
  It is.
  not applicable: Nobody
  asks.

section Two
# Another comment.
clause b/three-4 SHOULD
  It is better.
  deviates: It is
  worse.

file B/C.md B and C
section Three
clause c/four MAY
  It can be.
`)
	if err != nil {
		t.Fatal(err)
	}
	want := catalogue{
		{"A.md", "The letter A", []section{
			{"One", []clause{
				{id: "a/one", level: "MUST NOT", text: "It is not, and never was.", line: 5},
				{id: "a/two", level: "FACT", text: "It is.", notApplicable: "Nobody asks.", line: 8},
			}},
			{"Two", []clause{
				{id: "b/three-4", level: "SHOULD", text: "It is better.", deviates: "It is worse.", line: 15},
			}},
		}},
		{"B/C.md", "B and C", []section{{"Three", []clause{{id: "c/four", level: "MAY", text: "It can be.", line: 22}}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAMistakeInTheCatalogueIsToldWithItsLine(t *testing.T) {
	const begin = "file A.md A\nsection One\n"
	for name, c := range map[string]struct{ text, want string }{
		"a word that means nothing": {"clauses a/b MUST\n", `:1: "clauses" is none of file, section and clause`},
		"a file without a title":    {"file A.md\n", ":1: a file needs a path and a title"},
		"a section without a name":  {"file A.md A\nsection\n", ":2: a section needs a name, and a file before it"},
		"a section without a file":  {"section One\n", ":1: a section needs a name, and a file before it"},
		"a clause without a section": {
			"file A.md A\nclause a/b MUST\n", ":2: a clause needs a section before it",
		},
		"text before a clause":  {begin + "  It is.\n", ":3: text that belongs to no clause"},
		"an id without a topic": {begin + "clause b MUST\n", `:3: "b" is no id of a clause`},
		"an id in capitals":     {begin + "clause a/B MUST\n", `:3: "a/B" is no id of a clause`},
		"a level that is none":  {begin + "clause a/b must\n", `:3: a/b: "must" is none of MUST NOT, `},
		"no level":              {begin + "clause a/b\n", `:3: a/b: "" is none of MUST NOT, `},
		"an id twice":           {oneClause + "clause a/one MAY\n", ":5: a/one is there already, in line 3"},
		"a clause without text": {begin + "clause a/b MUST\nclause a/c MUST\n", ":4: a/b says nothing"},
		"a reason without text": {begin + "clause a/b MUST\n  not applicable: No.\nsection Two\n", ":5: a/b says nothing"},
		"an end without text":   {begin + "clause a/b MUST", ":3: a/b says nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseCatalogue(c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
