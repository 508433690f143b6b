package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// catalogue is the rules in the order of the specification.
type catalogue []document

// document is a file of the specification.
type document struct {
	path, title string
	sections    []section
}

type section struct {
	name    string
	clauses []clause
}

// clause is one rule.
type clause struct {
	id, level string
	// text is the rule in our words.
	text string
	// notApplicable says why no test holds it, if none has to.
	notApplicable string
	// deviates says why we do otherwise, if we do; then the tests hold what we do.
	deviates string
	line     int
}

// The levels of RFC 2119, and one for what the specification states as plain fact.
var levels = []string{"MUST NOT", "SHOULD NOT", "MUST", "SHOULD", "MAY", "FACT"}

// clauseID is how clauses are named: by what they are about, then by what they say.
var clauseID = regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+$`)

const (
	notApplicablePrefix = "not applicable: "
	deviatesPrefix      = "deviates: "
)

func (c catalogue) clauses() (clauses []clause) {
	for _, document := range c {
		for _, section := range document.sections {
			clauses = append(clauses, section.clauses...)
		}
	}
	return clauses
}

// parseCatalogue reads a catalogue in the form that tests/conformance/clauses.txt describes.
func parseCatalogue(text string) (catalogue, error) {
	var p catalogueParser
	for i, line := range strings.Split(text, "\n") {
		p.line = i + 1
		if err := p.parseLine(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", catalogueFile, p.line, err)
		}
	}
	if err := p.endClause(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", catalogueFile, p.line, err)
	}
	return p.read, nil
}

type catalogueParser struct {
	read catalogue
	line int
	// clause is the one that is being read, and into is where its next line of text goes.
	clause *clause
	into   *string
}

func (p *catalogueParser) parseLine(line string) error {
	words := strings.TrimSpace(line)
	switch {
	case words == "" || strings.HasPrefix(line, "#"):
		return nil
	case line[0] == ' ' || line[0] == '\t':
		return p.addText(words)
	}
	if err := p.endClause(); err != nil {
		return err
	}
	keyword, rest, _ := strings.Cut(words, " ")
	switch keyword {
	case "file":
		return p.beginFile(rest)
	case "section":
		return p.beginSection(rest)
	case "clause":
		return p.beginClause(rest)
	}
	return fmt.Errorf("%q is none of file, section and clause", keyword)
}

func (p *catalogueParser) beginFile(rest string) error {
	path, title, ok := strings.Cut(rest, " ")
	if !ok {
		return fmt.Errorf("a file needs a path and a title")
	}
	p.read = append(p.read, document{path: path, title: title})
	return nil
}

func (p *catalogueParser) beginSection(name string) error {
	if len(p.read) == 0 || name == "" {
		return fmt.Errorf("a section needs a name, and a file before it")
	}
	document := &p.read[len(p.read)-1]
	document.sections = append(document.sections, section{name: name})
	return nil
}

func (p *catalogueParser) beginClause(rest string) error {
	if len(p.read) == 0 || len(p.read[len(p.read)-1].sections) == 0 {
		return fmt.Errorf("a clause needs a section before it")
	}
	id, level, _ := strings.Cut(rest, " ")
	if !clauseID.MatchString(id) {
		return fmt.Errorf("%q is no id of a clause, which has the form topic/rule", id)
	}
	if !slices.Contains(levels, level) {
		return fmt.Errorf("%s: %q is none of %s", id, level, strings.Join(levels, ", "))
	}
	for _, other := range p.read.clauses() {
		if other.id == id {
			return fmt.Errorf("%s is there already, in line %d", id, other.line)
		}
	}
	p.clause = &clause{id: id, level: level, line: p.line}
	p.into = &p.clause.text
	return nil
}

// addText adds a line to what is being read of a clause: its words, or the reason for an exception.
func (p *catalogueParser) addText(words string) error {
	if p.clause == nil {
		return fmt.Errorf("text that belongs to no clause")
	}
	if reason, ok := strings.CutPrefix(words, notApplicablePrefix); ok {
		p.into, words = &p.clause.notApplicable, reason
	} else if reason, ok := strings.CutPrefix(words, deviatesPrefix); ok {
		p.into, words = &p.clause.deviates, reason
	}
	if *p.into != "" {
		*p.into += " "
	}
	*p.into += words
	return nil
}

// endClause puts what was read of a clause into its section.
func (p *catalogueParser) endClause() error {
	if p.clause == nil {
		return nil
	}
	if p.clause.text == "" {
		return fmt.Errorf("%s says nothing", p.clause.id)
	}
	sections := p.read[len(p.read)-1].sections
	section := &sections[len(sections)-1]
	section.clauses = append(section.clauses, *p.clause)
	p.clause, p.into = nil, nil
	return nil
}
