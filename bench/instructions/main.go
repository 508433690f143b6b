// Command instructions counts, under valgrind, how many instructions the engine executes and how often it allocates for a request of a
// fixed exchange, client and server together, and compares with the figures that are kept here. It fails when instructions have grown by more
// than a twentieth, or allocations at all. Unlike times they do not depend on what else the machine does.
//
// It is run at the root of the repository, after make build-rust. With -write it keeps the new figures, which a change that is meant to
// cost something commits.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

const figuresFile = "bench/instructions/figures.json"

// figures is what is kept.
type figures struct {
	// What they depend on besides the sources.
	Architecture string `json:"architecture"`
	Rustc        string `json:"rustc"`
	// Instructions per request or item of each script.
	Instructions map[string]float64 `json:"instructions"`
	// Allocations, likewise.
	Allocations map[string]float64 `json:"allocations"`
}

var scripts = []string{"request-response", "request-response-alone", "fire-and-forget", "request-stream"}

// The lengths of the two runs of a script. What does not depend on their length, such as starting the process, drops out of the difference.
const short, long = 640, 6400

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	write := flag.Bool("write", false, "keep these figures as those to compare with")
	flag.Parse()
	err := run(ctx, *write, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "instructions:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, write bool, out io.Writer) error {
	measured, err := measure(ctx)
	if err != nil {
		return err
	}
	if write {
		text, err := json.MarshalIndent(measured, "", "  ")
		if err != nil {
			return err
		}
		return os.WriteFile(figuresFile, append(text, '\n'), 0o644)
	}
	text, err := os.ReadFile(figuresFile)
	if err != nil {
		return fmt.Errorf("reading the figures to compare with: %w", err)
	}
	var kept figures
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("reading %s: %w", figuresFile, err)
	}
	return compare(kept, measured, out)
}

func measure(ctx context.Context) (figures, error) {
	if _, err := exec.LookPath("valgrind"); err != nil {
		return figures{}, fmt.Errorf("valgrind is missing; on Debian, as root: apt-get install valgrind (elsewhere see valgrind.org): %w", err)
	}
	folder, err := os.MkdirTemp("", "rsocket-instructions-")
	if err != nil {
		return figures{}, err
	}
	defer os.RemoveAll(folder)
	program := filepath.Join(folder, "scripted")
	if err := build(ctx, program); err != nil {
		return figures{}, err
	}
	rustc, err := exec.CommandContext(ctx, "rustc", "--version").Output()
	if err != nil {
		return figures{}, fmt.Errorf("asking rustc for its version: %w", err)
	}
	measured := figures{
		Architecture: runtime.GOARCH,
		Rustc:        strings.TrimSpace(string(rustc)),
		Instructions: make(map[string]float64),
		Allocations:  make(map[string]float64),
	}
	for _, script := range scripts {
		if measured.Instructions[script], err = instructions.perRequest(ctx, program, script); err != nil {
			return figures{}, err
		}
		if measured.Allocations[script], err = allocations.perRequest(ctx, program, script); err != nil {
			return figures{}, err
		}
	}
	return measured, nil
}

// build links the scripts with the C library, as Go programs do.
func build(ctx context.Context, program string) error {
	compiler := os.Getenv("CC")
	if compiler == "" {
		compiler = "cc"
	}
	args := []string{"-O2", "-o", program, "-I", "rust/target/include", "bench/instructions/scripted/scripted.c", "rust/target/release/librsocket.a", "-lm"}
	if runtime.GOOS == "linux" {
		args = append(args, "-ldl", "-lpthread")
	}
	if output, err := exec.CommandContext(ctx, compiler, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("building the scripts: %w\n%s", err, output)
	}
	return nil
}

// counter is a way to have valgrind count.
type counter struct {
	flags []string
	line  *regexp.Regexp // where it says how many
}

var (
	instructions = counter{
		[]string{"--tool=callgrind", "--callgrind-out-file=/dev/null"}, regexp.MustCompile(`(?m)^==\d+== Collected : (\d+)`),
	}
	allocations = counter{
		[]string{"--tool=memcheck", "--error-exitcode=1"}, regexp.MustCompile(`(?m)^==\d+== +total heap usage: ([\d,]+) allocs`),
	}
)

// perRequest is how many more there are in a long run than in a short one, for each request, to a tenth.
func (c counter) perRequest(ctx context.Context, program, script string) (float64, error) {
	few, err := c.count(ctx, program, script, short)
	if err != nil {
		return 0, err
	}
	many, err := c.count(ctx, program, script, long)
	return math.Round(10*float64(many-few)/(long-short)) / 10, err
}

// count runs a script and counts for the whole process.
func (c counter) count(ctx context.Context, program, script string, n int) (int, error) {
	command := exec.CommandContext(ctx, "valgrind", append(c.flags[:len(c.flags):len(c.flags)], program, script, strconv.Itoa(n))...)
	output, err := command.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("running the script %s: %w\n%s", script, err, output)
	}
	match := c.line.FindSubmatch(output)
	if match == nil {
		return 0, fmt.Errorf("valgrind %s does not say how many there are in %s:\n%s", c.flags[0], script, bytes.TrimSpace(output))
	}
	return strconv.Atoi(strings.ReplaceAll(string(match[1]), ",", ""))
}
