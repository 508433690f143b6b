package browser

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// rate is how many readings a second the server has for who asks for them.
const rate = 200

const interval = time.Second / rate

// server is the example, as a process of its own.
type server struct {
	t       *testing.T
	command *exec.Cmd
	lines   chan string
	url     string
}

func startServer(t *testing.T) *server {
	t.Helper()
	command := exec.Command(variable(t, "BROWSER_EXAMPLE"),
		"-listen", "http://127.0.0.1:0", "-bundle", variable(t, "BROWSER_BUNDLE"), "-rate", strconv.Itoa(rate))
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, command: command, lines: make(chan string, 100)}
	go func() {
		defer close(s.lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			s.lines <- scanner.Text()
		}
	}()
	t.Cleanup(s.stop)
	url, ready := strings.CutPrefix(s.line(), "ready ")
	if !ready {
		t.Fatal("the server is not ready")
	}
	s.url = url
	return s
}

// variable is set by run.sh.
func variable(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: tests/browser/run.sh runs this test", name)
	}
	return value
}

// says checks the server's next line.
func (s *server) says(want string) {
	s.t.Helper()
	if got := s.line(); got != want {
		s.t.Errorf("the server says %q, want %q", got, want)
	}
}

func (s *server) line() string {
	s.t.Helper()
	select {
	case line := <-s.lines:
		return line
	case <-time.After(patience):
		s.t.Fatal("the server says nothing")
		return ""
	}
}

// stop ends the server, which has to end cleanly, and does nothing the second time.
func (s *server) stop() {
	if s.command.ProcessState != nil {
		return
	}
	_ = s.command.Process.Signal(syscall.SIGTERM)
	for range s.lines {
	}
	if err := s.command.Wait(); err != nil {
		s.t.Errorf("the server: %v", err)
	}
}
