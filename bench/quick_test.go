package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestEveryContenderAnswers runs the whole harness with a few hundred requests of each contender, whose answers are compared in full. The
// programs have to be there: make bench-programs.
func TestEveryContenderAnswers(t *testing.T) {
	out := t.TempDir()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-quick", "-programs", "bin", "-out", out}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr.String())
	}
	expectResults(t, filepath.Join(out, "results.json"))
	expectCharts(t, out)
}

func expectResults(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Machine      machine
		Versions     map[string]map[string]string
		Measurements []struct {
			Client, Server, Workload string
			Figures                  map[string]struct{ Median, Min, Max float64 }
			Failures                 []string
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Machine.Cores == 0 || got.Machine.Go == "" {
		t.Errorf("the machine is %+v", got.Machine)
	}
	if want := len(everythingPlanned(t)); len(got.Measurements) != want {
		t.Errorf("%d measurements, want %d", len(got.Measurements), want)
	}
	for _, m := range got.Measurements {
		figure := m.Figures[rate]
		if len(m.Failures) > 0 || figure.Max < figure.Median || figure.Median < figure.Min {
			t.Errorf("%s on %s, %s: %+v, failures %q", m.Client, m.Server, m.Workload, figure, m.Failures)
		}
	}
	for _, c := range contenders {
		told := got.Versions[c.program]
		if c.family != limit && len(told) == 0 {
			t.Errorf("%s does not tell its version", c.program)
		}
		for name, version := range told {
			if version == "" || version == unknown {
				t.Errorf("%s does not tell the version of %s", c.program, name)
			}
		}
	}
}

// expectCharts reads each chart as XML.
func expectCharts(t *testing.T, folder string) {
	t.Helper()
	o, err := parseOptions(nil, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for name := range charts(results{Measurements: o.plan()}) {
		file, err := os.Open(filepath.Join(folder, name+".svg"))
		if err != nil {
			t.Error(err)
			continue
		}
		defer file.Close()
		texts := 0
		for decoder := xml.NewDecoder(file); ; {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s.svg: %v", name, err)
				break
			}
			if element, ok := token.(xml.StartElement); ok && element.Name.Local == "text" {
				texts++
			}
		}
		if texts < 5 {
			t.Errorf("%s.svg has %d texts", name, texts)
		}
	}
}

func TestWhatCannotWorkIsSaid(t *testing.T) {
	for _, args := range [][]string{
		{"-nonsense"}, {"nonsense"}, {"-contender", "nobody"}, {"-workload", "none"}, {"-pair", "ours-go"}, {"-pair", "ours-go>nobody"},
		{"-rounds", "0"}, {"-duration", "0s"}, {"-prefetch", "0"}, {"-size", "x"}, {"-size", "65"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, &stdout, &stderr); code != 2 || stderr.Len() == 0 || stdout.Len() > 0 {
			t.Errorf("%q: exit code %d, standard error %q", args, code, stderr.String())
		}
	}
}

func TestAProgramThatIsNotThereIsAnError(t *testing.T) {
	var stdout, stderr bytes.Buffer
	t.Setenv("RSOCKET_BENCH_OURS_GO", "")
	args := []string{"-quick", "-programs", t.TempDir(), "-out", t.TempDir(), "-pair", "ours-go>ours-go"}
	if code := run(t.Context(), args, &stdout, &stderr); code != 1 {
		t.Errorf("exit code %d, standard error %q", code, stderr.String())
	}
}
