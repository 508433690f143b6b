package main

import "fmt"

// check tells what is wrong between clauses and tests: a clause that nothing holds, a test that holds nothing, an exception that is none.
func check(c catalogue, annotations []annotation) (problems []problem) {
	tests := map[string]int{}
	for _, a := range annotations {
		tests[a.clause]++
	}
	known := map[string]bool{}
	for _, clause := range c.clauses() {
		known[clause.id] = true
		if what := objection(clause, tests[clause.id] > 0); what != "" {
			problems = append(problems, problem{catalogueFile, clause.line, fmt.Sprintf("%s %s", clause.id, what)})
		}
	}
	for _, a := range annotations {
		if !known[a.clause] {
			problems = append(problems, problem{a.file, a.line, fmt.Sprintf("%s is no clause of %s", a.clause, catalogueFile)})
		}
	}
	return problems
}

// objection is what is wrong with a clause, if anything.
func objection(c clause, tested bool) string {
	switch {
	case c.notApplicable != "" && c.deviates != "":
		return "cannot both be not applicable and be deviated from"
	case c.notApplicable != "" && tested:
		return "is called not applicable, but has a test"
	case c.notApplicable != "":
		return ""
	case !tested:
		return "has neither a test nor a reason to have none"
	}
	return ""
}
