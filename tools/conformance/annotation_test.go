package main

import (
	"slices"
	"testing"
)

func checkAnnotations(t *testing.T, got []annotation, want ...annotation) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAnnotationsOfRust(t *testing.T) {
	found, problems := parseAnnotations("a.rs", `
// Conforms: a/one, a/two
#[test]
fn plain() {}

/// Documented.
// Conforms: a/one
// Conforms: b/three
#[tokio::test(start_paused = true)]
#[cfg_attr(debug_assertions, should_panic(expected = "no"))]
async fn attributes_in_any_order() {
    // It conforms: more or less.
}

mod inner {
    // Conforms: a/one
    #[should_panic]
    #[test]
    pub fn indented(n in 0..9) {}
}

#[test]
fn without() {}
`)
	checkProblems(t, problems)
	checkAnnotations(t, found,
		annotation{"a/one", "a.rs", 2, "plain"}, annotation{"a/two", "a.rs", 2, "plain"},
		annotation{"a/one", "a.rs", 7, "attributes_in_any_order"}, annotation{"b/three", "a.rs", 8, "attributes_in_any_order"},
		annotation{"a/one", "a.rs", 16, "indented"})
}

func TestAnnotationsOfGo(t *testing.T) {
	found, problems := parseAnnotations("a_test.go", `package a

// Conforms: a/one
func TestPlain(t *testing.T) {}

// Documented.
//
// Conforms: a/one, a/two
// Conforms: b/three
func FuzzDocumented(f *testing.F) {}
`)
	checkProblems(t, problems)
	checkAnnotations(t, found,
		annotation{"a/one", "a_test.go", 3, "TestPlain"},
		annotation{"a/one", "a_test.go", 8, "FuzzDocumented"}, annotation{"a/two", "a_test.go", 8, "FuzzDocumented"},
		annotation{"b/three", "a_test.go", 9, "FuzzDocumented"})
}

func TestAnAnnotationStandsRightAboveATest(t *testing.T) {
	const what = ":1: the annotation stands above no test, or above one that does not run"
	for name, c := range map[string]struct{ file, text string }{
		"a function of Rust":             {"a.rs", "// Conforms: a/one\nfn helper() {}\n"},
		"a function with an attribute":   {"a.rs", "// Conforms: a/one\n#[inline]\nfn helper() {}\n"},
		"a test helper by its attribute": {"a.rs", "// Conforms: a/one\n#[test_case(1)]\nfn helper() {}\n"},
		"an ignored test":                {"a.rs", "// Conforms: a/one\n#[test]\n#[ignore = \"slow\"]\nfn ignored() {}\n"},
		"an empty line in Rust":          {"a.rs", "// Conforms: a/one\n\n#[test]\nfn test() {}\n"},
		"documentation after it":         {"a.rs", "// Conforms: a/one\n/// Late.\n#[test]\nfn test() {}\n"},
		"the end of the file":            {"a.rs", "// Conforms: a/one"},
		"a function of Go":               {"a_test.go", "// Conforms: a/one\nfunc helper() {}\n"},
		"an example":                     {"a_test.go", "// Conforms: a/one\nfunc ExampleOne() {}\n"},
		"a method":                       {"a_test.go", "// Conforms: a/one\nfunc (s suite) TestOne() {}\n"},
		"an empty line in Go":            {"a_test.go", "// Conforms: a/one\n\nfunc TestOne(t *testing.T) {}\n"},
		"more comment after it":          {"a_test.go", "// Conforms: a/one\n// It is so.\nfunc TestOne(t *testing.T) {}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			found, problems := parseAnnotations(c.file, c.text)
			checkAnnotations(t, found)
			checkProblems(t, problems, c.file+what)
		})
	}
}

// A test that stands below a wrong annotation does not take part in it, and the next one does not inherit it.
func TestARejectedAnnotationIsForgotten(t *testing.T) {
	found, problems := parseAnnotations("a.rs", `// Conforms: a/one
#[test]
struct NotATest;
fn not_a_test() {}
// Conforms: a/two
fn not_a_test_either() {}
// Conforms: a/three
#[test]
fn test() {}
`)
	checkAnnotations(t, found, annotation{"a/three", "a.rs", 7, "test"})
	checkProblems(t, problems,
		"a.rs:1: the annotation stands above no test, or above one that does not run",
		"a.rs:5: the annotation stands above no test, or above one that does not run")
}

func TestAnAnnotationHasOneForm(t *testing.T) {
	const form = `:1: an annotation has the form "// Conforms: topic/rule, topic/rule"`
	for line, want := range map[string]string{
		"//Conforms: a/one":           form,
		"/// Conforms: a/one":         form,
		"// conforms: a/one":          form,
		"// Conforms : a/one":         form,
		"// Conforms:a/one":           form,
		"// Conforms:":                form,
		"// Conforms: one":            `:1: "one" is no id of a clause`,
		"// Conforms: a/one, ":        `:1: "" is no id of a clause`,
		"// Conforms: a/one b/two":    `:1: "a/one b/two" is no id of a clause`,
		"// Conforms: a/one; b/two":   `:1: "a/one; b/two" is no id of a clause`,
		"// Conforms: a/one, a/one":   `:1: a/one is named twice`,
		"// Conforms: A/One":          `:1: "A/One" is no id of a clause`,
		"// Conforms: a/one, b/two.":  `:1: "b/two." is no id of a clause`,
		"\t\t// Conforms: a/one,a /b": `:1: "a /b" is no id of a clause`,
	} {
		t.Run(line, func(t *testing.T) {
			_, problems := parseAnnotations("a.rs", line+"\n#[test]\nfn test() {}\n")
			checkProblems(t, problems, "a.rs"+want)
		})
	}
}
