//go:build unix

package rsocket

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// tcpPair is both ends of a connection on loopback.
func tcpPair(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dialled, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dialled.Close() })
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = accepted.Close() })
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn)
}

// ticking is a clock that goes on by a microsecond each time somebody looks at it.
func ticking() func() int64 {
	now := int64(0)
	return func() int64 {
		now += int64(time.Microsecond)
		return now
	}
}

func TestABusyPollEndsWhenNothingArrives(t *testing.T) {
	near, _ := tcpPair(t)
	poll := busyPoll{habit: busyPollHabit{credit: 2}, most: 1}
	if n := poll.read(near, make([]byte, 8), ticking()); n != 0 {
		t.Errorf("read %d bytes that nobody sent", n)
	}
	if poll.habit.credit != 1 {
		t.Errorf("the credit is %d, want 1", poll.habit.credit)
	}
}

func TestABusyPollReadsWhatArrivesMeanwhile(t *testing.T) {
	near, far := tcpPair(t)
	looks := 0
	// Time stands still, so that the look goes on until something is there.
	clock := func() int64 {
		if looks++; looks == 3 {
			if _, err := far.Write([]byte("abc")); err != nil {
				t.Error(err)
			}
		}
		return 0
	}
	poll := busyPoll{most: 1}
	space := make([]byte, 2)
	if n := poll.read(near, space, clock); n != 2 || string(space) != "ab" {
		t.Errorf("read %q", space[:n])
	}
	if poll.habit.credit != busyPollStart {
		t.Errorf("the credit is %d, want %d", poll.habit.credit, busyPollStart)
	}
	if n, err := near.Read(space); n != 1 || err != nil || space[0] != 'c' {
		t.Errorf("then read %q, %v", space[:n], err)
	}
}

func TestABusyPollLeavesTheEndToTheTransport(t *testing.T) {
	near, far := tcpPair(t)
	_ = far.Close()
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("read the error %v, want EOF", err)
	}
	poll := busyPoll{most: 1}
	if n := poll.read(near, make([]byte, 8), ticking()); n != 0 {
		t.Errorf("read %d bytes after the end", n)
	}
	_ = near.Close()
	if n := poll.read(near, make([]byte, 8), ticking()); n != 0 {
		t.Errorf("read %d bytes after closing", n)
	}
	late := busyPoll{most: 1}
	if n := late.read(near, make([]byte, 8), ticking()); n != 0 {
		t.Errorf("read %d bytes of what was closed before", n)
	}
}

// What reads through a socket of its own may change what it reads.
func TestOnlyPlainSocketsAreBusyPolled(t *testing.T) {
	near, _ := tcpPair(t)
	pipe, _ := net.Pipe()
	for nc, want := range map[net.Conn]bool{
		near:                         true,
		struct{ *net.TCPConn }{near}: false,
		pipe:                         false,
	} {
		if got := canReadArrived(nc); got != want {
			t.Errorf("canReadArrived(%T) is %t", nc, got)
		}
	}
}

// Readers that look in vain would take each other's and everybody's processors.
func TestBusyPollersAreBounded(t *testing.T) {
	near, _ := tcpPair(t)
	const most = 3
	busyPollers.Add(most)
	defer busyPollers.Add(-most)
	looked := false
	clock := func() int64 { looked = true; return 0 }
	poll := busyPoll{habit: busyPollHabit{credit: 2}, most: most}
	if n := poll.read(near, make([]byte, 8), clock); n != 0 || looked {
		t.Errorf("read %d bytes; whether it looked for more than what was there: %t", n, looked)
	}
	if poll.habit.credit != 2 {
		t.Errorf("the credit is %d, want 2: nothing was learned", poll.habit.credit)
	}
	if now := busyPollers.Load(); now != most {
		t.Errorf("%d look, want %d", now, most)
	}
}
