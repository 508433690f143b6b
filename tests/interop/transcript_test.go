package interop

import (
	"bytes"
	"strings"
	"sync"
)

// transcript collects what a process prints, line by line, and tells waiters of each new line.
type transcript struct {
	mu      sync.Mutex
	lines   []string
	partial []byte
	grown   chan struct{} // closed and replaced when a line is added
}

func newTranscript() *transcript { return &transcript{grown: make(chan struct{})} }

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.partial = append(t.partial, p...)
	for {
		line, rest, found := bytes.Cut(t.partial, []byte("\n"))
		if !found {
			return len(p), nil
		}
		t.lines = append(t.lines, string(line))
		t.partial = rest
		close(t.grown)
		t.grown = make(chan struct{})
	}
}

// line gives the i-th line, or else a channel that is closed when there are more lines.
func (t *transcript) line(i int) (string, bool, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i < len(t.lines) {
		return t.lines[i], true, nil
	}
	return "", false, t.grown
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(append(t.lines[:len(t.lines):len(t.lines)], string(t.partial)), "\n")
}
