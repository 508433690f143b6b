package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine is where the figures are from, as far as it tells.
type machine struct {
	System string `json:"system"`
	Kernel string `json:"kernel"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Rustc  string `json:"rustc"`
	Go     string `json:"go"`
}

func thisMachine(ctx context.Context) machine {
	m := machine{System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(), CPU: cpuModel()}
	m.Kernel = firstLine(os.ReadFile("/proc/sys/kernel/osrelease"))
	m.Rustc = firstLine(exec.CommandContext(ctx, "rustc", "--version").Output())
	return m
}

func (m machine) String() string {
	return fmt.Sprintf("%d cores of %s, %s, kernel %s, %s, %s", m.Cores, m.CPU, m.System, m.Kernel, m.Go, m.Rustc)
}

// short fits below a chart.
func (m machine) short() string {
	return fmt.Sprintf("%d cores of %s, kernel %s, %s", m.Cores, m.CPU, m.Kernel, m.Go)
}

// unknown is what the machine does not tell.
const unknown = "unknown"

func firstLine(text []byte, err error) string {
	line, _, _ := strings.Cut(string(text), "\n")
	if err != nil || line == "" {
		return unknown
	}
	return line
}

func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return unknown
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}

// versions asks each program what it measures.
func versions(ctx context.Context, p programs, pairs []pair) (map[string]map[string]string, error) {
	all := make(map[string]map[string]string)
	for _, pair := range pairs {
		for _, c := range []contender{pair.client, pair.server} {
			if all[c.program] != nil {
				continue
			}
			path, err := p.path(c.program)
			if err != nil {
				return nil, err
			}
			text, err := exec.CommandContext(ctx, path, "versions").Output()
			if err != nil {
				return nil, fmt.Errorf("asking %s for its versions: %w", c.program, err)
			}
			told := make(map[string]string)
			if err := json.Unmarshal(text, &told); err != nil {
				return nil, fmt.Errorf("reading the versions of %s: %w", c.program, err)
			}
			all[c.program] = told
		}
	}
	return all, nil
}

// optimised is an error when a program is a debug build: Bazel makes those unless it is told otherwise.
func optimised(versions map[string]map[string]string) error {
	for program, told := range versions {
		if told["build"] == "debug" {
			return fmt.Errorf("%s was built without optimisation, which is not what is to be measured: bazel run -c opt //bench", program)
		}
	}
	return nil
}
