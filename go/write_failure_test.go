package rsocket_test

import (
	"errors"
	"net"
	"sync"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// cutWrites is a transport whose writes fail from the second on. It tells when the first of them has.
type cutWrites struct {
	net.Conn
	mu     sync.Mutex
	writes int
	cut    chan struct{}
}

func (c *cutWrites) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.writes++
	write := c.writes
	c.mu.Unlock()
	if write == 1 {
		return c.Conn.Write(p)
	}
	if write == 2 {
		close(c.cut)
	}
	return 0, errors.New("no way out")
}

// connectCut gives a client that can only say its SETUP.
func connectCut(t *testing.T) (*rsocket.Conn, *cutWrites, rawPeer) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { _ = far.Close() })
	peer, cut := rawPeer{t, far}, &cutWrites{Conn: near, cut: make(chan struct{})}
	setup := make(chan []byte, 1)
	go func() { setup <- peer.frame() }()
	client, err := rsocket.NewClientConn(testContext(t), cut)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if await(t, setup) == nil {
		t.Fatal("no SETUP")
	}
	return client, cut, peer
}

// Whoever turns us away closes behind its reason, and we may be writing right then.
func TestThePeersReasonGoesAheadOfAWriteThatFails(t *testing.T) {
	client, transport, peer := connectCut(t)
	errs := startMany(t, client, 2)
	await(t, transport.cut)
	peer.send("\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x03not you")
	for range 2 {
		if err := await(t, errs); !errors.Is(err, rsocket.ErrRejectedSetup) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestAWriteThatFailsEndsTheConnectionOfAPeerThatIsSilent(t *testing.T) {
	client, _, _ := connectCut(t)
	errs := startMany(t, client, 2)
	for range 2 {
		if err := await(t, errs); !errors.Is(err, rsocket.ErrConnectionLost) {
			t.Fatalf("got %v", err)
		}
	}
	await(t, client.Done())
}
