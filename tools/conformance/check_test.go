package main

import "testing"

// catalogueOf is a catalogue of one section with these clauses.
func catalogueOf(clauses ...clause) catalogue {
	return catalogue{{"A.md", "The letter A", []section{{"One", clauses}}}}
}

func TestCheck(t *testing.T) {
	test := annotation{"a/one", "a.rs", 7, "test"}
	for name, c := range map[string]struct {
		clause clause
		tests  []annotation
		want   []string
	}{
		"tested":         {clause{id: "a/one"}, []annotation{test}, nil},
		"not applicable": {clause{id: "a/one", notApplicable: "No."}, nil, nil},
		"deviated from":  {clause{id: "a/one", deviates: "No."}, []annotation{test}, nil},
		"untested": {
			clause{id: "a/one", line: 3}, nil,
			[]string{"tests/conformance/clauses.txt:3: a/one has neither a test nor a reason to have none"},
		},
		"deviated from, and nothing shows how": {
			clause{id: "a/one", line: 3, deviates: "No."}, nil,
			[]string{"tests/conformance/clauses.txt:3: a/one has neither a test nor a reason to have none"},
		},
		"not applicable, and tested": {
			clause{id: "a/one", line: 3, notApplicable: "No."}, []annotation{test},
			[]string{"tests/conformance/clauses.txt:3: a/one is called not applicable, but has a test"},
		},
		"both exceptions": {
			clause{id: "a/one", line: 3, notApplicable: "No.", deviates: "No."}, []annotation{test},
			[]string{"tests/conformance/clauses.txt:3: a/one cannot both be not applicable and be deviated from"},
		},
		"unknown": {
			clause{id: "a/two", notApplicable: "No."}, []annotation{test},
			[]string{"a.rs:7: a/one is no clause of tests/conformance/clauses.txt"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			checkProblems(t, check(catalogueOf(c.clause), c.tests), c.want...)
		})
	}
}
