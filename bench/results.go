package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// results is what results.json holds.
type results struct {
	Time         time.Time                    `json:"time"`
	Machine      machine                      `json:"machine"`
	Versions     map[string]map[string]string `json:"versions"` // of each program
	Rounds       int                          `json:"rounds"`
	Duration     float64                      `json:"seconds"`  // of each load, of each round
	Prefetch     int                          `json:"prefetch"` // what streams have credit for
	Measurements measurements                 `json:"measurements"`
	Targets      []verdict                    `json:"targets"`
}

// libraries names the versions of what was measured in a group.
func (r results) libraries(group chartGroup) string {
	all := make(map[string]string)
	for _, m := range r.Measurements.of(group) {
		maps.Copy(all, r.Versions[m.pair.client.program])
		maps.Copy(all, r.Versions[m.pair.server.program])
	}
	delete(all, "go") // the machine's
	delete(all, "build")
	var names []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		names = append(names, path.Base(strings.TrimSuffix(name, "/v2"))+" "+all[name])
	}
	return strings.Join(names, ", ")
}

func (r results) write(folder string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder for results: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "results.json"), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return nil
}

// readResults is the opposite of write.
func readResults(file string) (r results, err error) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, fmt.Errorf("reading results: %w", err)
	}
	return r, nil
}
