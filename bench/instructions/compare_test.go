package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func of(instructions float64) figures {
	f := figures{Architecture: "amd64", Rustc: "rustc 1", Instructions: make(map[string]float64)}
	for _, script := range scripts {
		f.Instructions[script] = instructions
	}
	return f
}

func TestGrowthOfMoreThanATwentiethIsAnError(t *testing.T) {
	for now, fails := range map[float64]bool{900: false, 1000: false, 1050: false, 1051: true, 2000: true} {
		measured := of(1000)
		measured.Instructions["fire-and-forget"] = now
		var out bytes.Buffer
		err := compare(of(1000), measured, &out)
		if (err != nil) != fails {
			t.Errorf("1000 have become %g: %v", now, err)
		}
		if fails && !strings.Contains(err.Error(), "fire-and-forget") {
			t.Errorf("the error does not name the script: %v", err)
		}
	}
}

func TestMoreAllocationsAreAnError(t *testing.T) {
	var out bytes.Buffer
	more := of(1000)
	more.Allocations = map[string]float64{"request-stream": 0.1}
	if err := compare(of(1000), more, &out); err == nil || !strings.Contains(err.Error(), "request-stream") {
		t.Errorf("got %v", err)
	}
	if err := compare(more, of(1000), &out); err != nil {
		t.Errorf("fewer: %v", err)
	}
}

func TestFiguresThatSayNothingAreAnError(t *testing.T) {
	var out bytes.Buffer
	missing := of(1000)
	delete(missing.Instructions, scripts[0])
	if compare(missing, of(1000), &out) == nil || compare(of(1000), missing, &out) == nil {
		t.Error("a figure that is missing is none")
	}
	other := of(1000)
	other.Architecture = "arm64"
	if compare(other, of(1000), &out) == nil {
		t.Error("figures of another architecture are compared")
	}
}

func TestFiguresOfEveryScriptAreKept(t *testing.T) {
	text, err := os.ReadFile("figures.json")
	if err != nil {
		t.Fatal(err)
	}
	var kept figures
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		if kept.Instructions[script] <= 0 {
			t.Errorf("none of %s", script)
		}
	}
	if len(kept.Instructions) != len(scripts) {
		t.Errorf("there are others than the scripts: %v", kept.Instructions)
	}
}
