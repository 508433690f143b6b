package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

// process is a running program of a contender. Its methods belong to one goroutine.
type process struct {
	name      string
	command   *exec.Cmd
	in        io.WriteCloser
	lines     chan string // of standard output, closed at its end
	said      tail        // the last of standard error
	startTime time.Duration
	address   string // a server's
}

// graceTime is how long a program may take to end when its input has ended.
const graceTime = 5 * time.Second

// start starts a program and waits until it is ready. It is killed when ctx ends; stop has to be called all the same.
func start(ctx context.Context, path, name string, args ...string) (*process, error) {
	p := &process{name: name, command: exec.CommandContext(ctx, path, args...), lines: make(chan string, 1)}
	p.command.Stderr = &p.said
	p.command.WaitDelay = graceTime
	in, err := p.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in = in
	started := time.Now()
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		defer close(p.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	line, err := p.line(ctx)
	p.startTime = time.Since(started)
	if err != nil {
		p.stop()
		return nil, err
	}
	ready, address, _ := strings.Cut(line, " ")
	if ready != load.Ready {
		p.stop()
		return nil, fmt.Errorf("%s printed %q where it should have said that it is ready", name, line)
	}
	p.address = address
	return p, nil
}

// ask tells the program something and reads its answer.
func (p *process) ask(ctx context.Context, command string, answer any) error {
	if _, err := io.WriteString(p.in, command+"\n"); err != nil {
		return fmt.Errorf("telling %s %q: %w%s", p.name, command, err, p.said.text())
	}
	line, err := p.line(ctx)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(line), answer); err != nil {
		return fmt.Errorf("reading the answer of %s to %q: %w", p.name, command, err)
	}
	return nil
}

func (p *process) line(ctx context.Context) (string, error) {
	select {
	case line, ok := <-p.lines:
		if !ok {
			return "", fmt.Errorf("%s ended%s", p.name, p.said.text())
		}
		return line, nil
	case <-ctx.Done():
		return "", fmt.Errorf("%s: %w%s", p.name, context.Cause(ctx), p.said.text())
	}
}

// stop ends the program by ending its input, kills it if that does not help, and waits until it is gone.
func (p *process) stop() {
	_ = p.in.Close()
	kill := time.AfterFunc(graceTime, func() { _ = p.command.Process.Kill() })
	defer kill.Stop()
	for range p.lines { // until its output has ended
	}
	_ = p.command.Wait() // how it ended says nothing: its figures are in
}

// tail keeps the end of what was written.
type tail struct {
	mu   sync.Mutex
	last []byte
}

const tailLen = 2000

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, text...)
	if over := len(t.last) - tailLen; over > 0 {
		t.last = t.last[over:]
	}
	return len(text), nil
}

// text is what an error message says of it.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.last) == 0 {
		return ""
	}
	return "; it said: " + string(bytes.TrimSpace(t.last))
}
