package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"strings"
	"testing"
)

func TestTheConversation(t *testing.T) {
	stdout, stderr := succeed(t, "")
	assertLines(t, stdout,
		"Ada   hears  Grace joined",
		"Grace hears  Ada: Hello Grace!",
		"Ada   hears  Grace: Hello Ada, I have to go.",
		"Ada   hears  Grace left")
	assertLines(t, stderr, "server: Ada joined", "server: Grace joined", "server: Grace left", "server: Ada left")
}

func TestClientsHearEachOther(t *testing.T) {
	url, stop := startServer(t)
	type client struct {
		says  *io.PipeWriter
		hears *bufio.Reader
		ended chan int
	}
	enter := func(name string) client {
		stdin, says := io.Pipe()
		hears, stdout := io.Pipe()
		ended := make(chan int, 1)
		go func() {
			ended <- run(t.Context(), []string{"-connect", url, "-name", name}, stdin, stdout, io.Discard)
			stdout.Close()
		}()
		return client{says, bufio.NewReader(hears), ended}
	}
	expect := func(c client, want string) {
		t.Helper()
		if line, err := c.hears.ReadString('\n'); line != want+"\n" {
			t.Fatalf("heard %q, %v; want %q", line, err, want)
		}
	}
	ada := enter("Ada")
	expect(ada, "welcome, Ada; others here: 0")
	grace := enter("Grace")
	expect(grace, "welcome, Grace; others here: 1")
	expect(ada, "Grace joined")
	io.WriteString(ada.says, "hello\x1b[2J\n")
	expect(grace, "Ada: hello[2J")
	io.WriteString(grace.says, "bye\n")
	expect(ada, "Grace: bye")
	grace.says.Close()
	expect(ada, "Grace left")
	ada.says.Close()
	for _, c := range []client{ada, grace} {
		if code := <-c.ended; code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
	}
	assertLines(t, stop(), "server: Grace left", "server: Ada left")
}

func TestAMemberThatDoesNotReadMissesLines(t *testing.T) {
	room := newRoom(log.New(io.Discard, "", 0))
	slow, fast := newMember(), newMember()
	room.join(slow, "slow")
	<-slow.hears // the welcome
	room.join(fast, "fast")
	<-slow.hears // that fast joined
	for range backlog + 3 {
		room.relay(fast, "line")
	}
	for range backlog {
		if line := <-slow.hears; line != "line" {
			t.Fatalf("heard %q", line)
		}
	}
	room.relay(fast, "after that")
	for _, want := range []string{"(3 lines missed)", "after that"} {
		if line := <-slow.hears; line != want {
			t.Errorf("heard %q, want %q", line, want)
		}
	}
	room.leave(slow)
	if _, hears := <-slow.hears; hears {
		t.Error("it hears after it left")
	}
}

func TestExitCodes(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want int
	}{
		{"help", []string{"-h"}, 0},
		{"unknown flag", []string{"-nonsense"}, 2},
		{"argument", []string{"nonsense"}, 2},
		{"both roles by flag", []string{"-listen", "tcp://127.0.0.1:0", "-connect", "tcp://127.0.0.1:1"}, 2},
		{"no name", []string{"-name", ""}, 2},
		{"address that nobody has", []string{"-listen", "tcp://127.0.0.1:notaport"}, 1},
		{"scheme that nobody knows", []string{"-connect", "carrier-pigeon://loft:1"}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run(t.Context(), test.args, strings.NewReader(""), &stdout, &stderr); got != test.want {
				t.Errorf("exit code %d, want %d; standard error:\n%s", got, test.want, stderr.String())
			}
			if stderr.Len() == 0 {
				t.Error("nothing was said on standard error")
			}
			if stdout.Len() != 0 {
				t.Errorf("standard output has %q", stdout.String())
			}
		})
	}
}

// startServer runs the program as server until stop is called, which checks that it stops cleanly.
func startServer(t *testing.T, args ...string) (url string, stop func() (stderr string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	output, stdout := io.Pipe()
	var stderr bytes.Buffer
	exited := make(chan int, 1)
	go func() {
		exited <- run(ctx, append([]string{"-listen", "tcp://127.0.0.1:0"}, args...), strings.NewReader(""), stdout, &stderr)
		stdout.Close()
	}()
	reader := bufio.NewReader(output)
	line, err := reader.ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("reading the ready line: %v; exit code %d, standard error:\n%s", err, <-exited, stderr.String())
	}
	go io.Copy(io.Discard, reader) // ends with the program
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ready {
		t.Errorf("the first line is %q, want ready URL", line)
	}
	return url, func() string {
		t.Helper()
		cancel()
		if code := <-exited; code != 0 {
			t.Errorf("the server's exit code is %d, want 0; standard error:\n%s", code, stderr.String())
		}
		return stderr.String()
	}
}

// succeed runs the program to its end and returns what it printed.
func succeed(t *testing.T, stdin string, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	if code := run(t.Context(), args, strings.NewReader(stdin), &out, &errors); code != 0 {
		t.Fatalf("exit code %d, standard error:\n%s", code, errors.String())
	}
	return out.String(), errors.String()
}

func assertLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("there is no line %q in:\n%s", line, text)
		}
	}
}
