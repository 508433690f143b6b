package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// annotation says that a test holds a clause.
type annotation struct {
	clause string
	// file is the test's, from the repository's root, and line the annotation's.
	file string
	line int
	test string
}

// problem is something that is wrong at a place.
type problem struct {
	file string
	line int
	what string
}

func (p problem) String() string { return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.what) }

var (
	// anyConforms also finds what is not quite an annotation, which would go unseen otherwise.
	anyConforms = regexp.MustCompile(`^\s*//[/!]?\s*(?i:conforms)\s*:(.*)$`)
	conforms    = regexp.MustCompile(`^\s*// Conforms: (.*)$`)

	rustAttribute = regexp.MustCompile(`^\s*#\[(.*)\]$`)
	rustTest      = regexp.MustCompile(`^(tokio::)?test\b`)
	rustFunction  = regexp.MustCompile(`^\s*(?:pub )?(?:async )?fn (\w+)`)
	goTest        = regexp.MustCompile(`^func ((?:Test|Fuzz)\w*)\(`)
)

// readAnnotations reads those of all tests in some folders of the repository at root, in the order of the files' names.
func readAnnotations(root string, folders []string) (annotations []annotation, problems []problem, err error) {
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && isBuildOutput(entry.Name()):
				return fs.SkipDir
			case entry.IsDir() || !mayHoldTests(path):
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			file, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			found, wrong := parseAnnotations(filepath.ToSlash(file), string(text))
			annotations, problems = append(annotations, found...), append(problems, wrong...)
			return nil
		})
		if err != nil {
			return nil, nil, fmt.Errorf("reading the tests in %s: %w", folder, err)
		}
	}
	return annotations, problems, nil
}

func isBuildOutput(folder string) bool {
	return folder == "target" || strings.HasPrefix(folder, "bazel-")
}

// mayHoldTests tells the files to look at. In Rust tests stand beside what they test.
func mayHoldTests(path string) bool {
	return strings.HasSuffix(path, ".rs") || strings.HasSuffix(path, "_test.go")
}

// parseAnnotations reads the annotations of one file. One that is followed by anything but a test is a problem.
func parseAnnotations(file, text string) ([]annotation, []problem) {
	p := annotationParser{file: file, rust: strings.HasSuffix(file, ".rs")}
	for i, line := range strings.Split(text, "\n") {
		p.parseLine(i+1, strings.TrimRight(line, " \t\r"))
	}
	p.reject()
	return p.found, p.problems
}

type annotationParser struct {
	file     string
	rust     bool
	found    []annotation
	problems []problem
	// waiting are annotations whose test has not come yet.
	waiting []annotation
	// isTest and isIgnored are what the attributes since then said, in Rust.
	isTest, isIgnored bool
}

func (p *annotationParser) parseLine(number int, line string) {
	if anyConforms.MatchString(line) {
		p.addClauses(number, line)
		return
	}
	if len(p.waiting) == 0 {
		return
	}
	if p.rust {
		p.expectRustTest(line)
	} else if match := goTest.FindStringSubmatch(line); match != nil {
		p.accept(match[1])
	} else {
		p.reject()
	}
}

// addClauses takes the clauses that a line names.
func (p *annotationParser) addClauses(number int, line string) {
	match := conforms.FindStringSubmatch(line)
	if match == nil {
		p.report(number, `an annotation has the form "// Conforms: topic/rule, topic/rule"`)
		return
	}
	for _, id := range strings.Split(match[1], ",") {
		id = strings.TrimSpace(id)
		named := func(a annotation) bool { return a.clause == id }
		switch {
		case !clauseID.MatchString(id):
			p.report(number, fmt.Sprintf("%q is no id of a clause", id))
		case slices.ContainsFunc(p.waiting, named):
			p.report(number, fmt.Sprintf("%s is named twice", id))
		default:
			p.waiting = append(p.waiting, annotation{clause: id, file: p.file, line: number})
		}
	}
}

// expectRustTest takes attributes, and then a function that is a test by one of them.
func (p *annotationParser) expectRustTest(line string) {
	if match := rustAttribute.FindStringSubmatch(line); match != nil {
		p.isTest = p.isTest || rustTest.MatchString(match[1])
		p.isIgnored = p.isIgnored || strings.HasPrefix(match[1], "ignore")
		return
	}
	if match := rustFunction.FindStringSubmatch(line); match != nil && p.isTest && !p.isIgnored {
		p.accept(match[1])
		return
	}
	p.reject()
}

// accept gives what waits to the test that came.
func (p *annotationParser) accept(test string) {
	for _, a := range p.waiting {
		a.test = test
		p.found = append(p.found, a)
	}
	p.forget()
}

// reject reports what waits, because something else than a test came.
func (p *annotationParser) reject() {
	if len(p.waiting) > 0 {
		p.report(p.waiting[0].line, "the annotation stands above no test, or above one that does not run")
	}
	p.forget()
}

func (p *annotationParser) forget() { p.waiting, p.isTest, p.isIgnored = nil, false, false }

func (p *annotationParser) report(line int, what string) {
	p.problems = append(p.problems, problem{p.file, line, what})
}
