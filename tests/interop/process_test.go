package interop

import (
	"io"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// waitBound is generous: it ends a test that would hang, and says nothing about how fast anything is.
const waitBound = 60 * time.Second

// process is a running peer program. Its methods belong to the goroutine of the test that started it.
type process struct {
	name   string
	cmd    *exec.Cmd
	input  io.WriteCloser
	out    *transcript
	err    *transcript
	read   int           // lines of out that the test has taken
	exited chan struct{} // closed when the process has ended and all its output is there
}

func start(t *testing.T, who peer, args ...string) *process {
	t.Helper()
	p := &process{
		name:   string(who) + " " + args[0],
		cmd:    exec.Command(who.program(t), args...),
		out:    newTranscript(),
		err:    newTranscript(),
		exited: make(chan struct{}),
	}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.err
	input, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatalf("%s: making its input: %v", p.name, err)
	}
	p.input = input
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("%s: starting it: %v", p.name, err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // how it ended is in cmd.ProcessState
	}()
	t.Cleanup(func() { p.end(t) })
	return p
}

// end stops a process that a failed test left running, and waits for it.
func (p *process) end(t *testing.T) {
	_ = p.cmd.Process.Kill() // an error means that it has ended
	<-p.exited
	if t.Failed() {
		t.Logf("%s", p.printed())
	}
}

// nextLine waits for the next line of standard output.
func (p *process) nextLine(t *testing.T) string {
	t.Helper()
	bound := time.After(waitBound)
	for {
		line, ok, grown := p.out.line(p.read)
		if ok {
			p.read++
			return line
		}
		select {
		case <-grown:
		case <-p.exited:
			if line, ok, _ := p.out.line(p.read); ok {
				p.read++
				return line
			}
			t.Fatalf("%s: it ended (%v) where a line was expected; %s", p.name, p.cmd.ProcessState, p.printed())
		case <-bound:
			t.Fatalf("%s: no line in %v; %s", p.name, waitBound, p.printed())
		}
	}
}

func (p *process) expectLine(t *testing.T, want string) {
	t.Helper()
	if got := p.nextLine(t); got != want {
		t.Fatalf("%s: printed %q, want %q", p.name, got, want)
	}
}

// expectNoLine asserts that nothing but what the test has taken is printed by now.
func (p *process) expectNoLine(t *testing.T) {
	t.Helper()
	if line, ok, _ := p.out.line(p.read); ok {
		t.Fatalf("%s: printed %q where nothing was expected", p.name, line)
	}
}

func (p *process) say(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(p.input, line+"\n"); err != nil {
		t.Fatalf("%s: telling it %q: %v", p.name, line, err)
	}
}

func (p *process) closeInput(t *testing.T) {
	t.Helper()
	if err := p.input.Close(); err != nil {
		t.Fatalf("%s: closing its input: %v", p.name, err)
	}
}

// kill ends the process without a word to its peer but what the operating system says.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatalf("%s: killing it: %v", p.name, err)
	}
	p.wait(t)
}

// terminate asks the process to end, which it has to do in good order.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("%s: sending SIGTERM: %v", p.name, err)
	}
	p.expectExit(t, 0)
}

func (p *process) expectExit(t *testing.T, want int) {
	t.Helper()
	p.wait(t)
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("%s: it ended with %v, want exit code %d; %s", p.name, p.cmd.ProcessState, want, p.printed())
	}
}

func (p *process) wait(t *testing.T) {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(waitBound):
		t.Fatalf("%s: still running after %v; %s", p.name, waitBound, p.printed())
	}
}

func (p *process) printed() string {
	return p.name + " printed:\n" + p.out.String() + "\nand on standard error:\n" + p.err.String()
}
