package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// lines writes whole lines, unbuffered, from any goroutine.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func newLines(w io.Writer) *lines { return &lines{w: w} }

func (l *lines) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// A reader that went away is no reason to stop serving the other side.
	_, _ = fmt.Fprintf(l.w, format+"\n", args...)
}

func (l *lines) json(value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding a line: %w", err)
	}
	l.printf("%s", line)
	return nil
}
