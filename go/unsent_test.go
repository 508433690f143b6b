package rsocket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// stuckClient gives a client whose transport takes one byte of its SETUP, and nothing more until it is read. So its
// requests are not handed to the transport.
func stuckClient(t *testing.T) (*rsocket.Conn, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	conn, err := rsocket.NewClientConn(testContext(t), near)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		_ = far.Close()
	})
	if _, err := far.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return conn, far
}

// waitUntilSubmitted waits for so many requests of this side to be open.
func waitUntilSubmitted(t *testing.T, conn *rsocket.Conn, n int) {
	t.Helper()
	eventually(t, "the requests are submitted", func() bool { return conn.OpenRequests() >= n })
}

func assertRetrySafe(t testing.TB, err, kind error, safe bool) {
	t.Helper()
	var known *rsocket.Error
	if !errors.Is(err, kind) || !errors.As(err, &known) {
		t.Errorf("got %v, want %v", err, kind)
		return
	}
	if known.RetrySafe() != safe {
		t.Errorf("RetrySafe is %t of: %v", known.RetrySafe(), err)
	}
}

// manyKinds starts a request of each kind that has an outcome, and tells the outcomes.
func manyKinds(t *testing.T, conn *rsocket.Conn) <-chan error {
	t.Helper()
	ctx := testContext(t)
	outcomes := make(chan error, 4)
	go func() {
		_, err := conn.RequestResponse(ctx, rsocket.NewPayload("blocking", ""))
		outcomes <- err
	}()
	large := rsocket.NewPayloadFromBytes(make([]byte, 5000), nil)
	if err := conn.RequestResponseFunc(large, func(_ *rsocket.Payload, err error) { outcomes <- err }); err != nil {
		t.Fatal(err)
	}
	stream, err := conn.OpenStream(ctx, rsocket.NewPayload("stream", ""))
	if err != nil {
		t.Fatal(err)
	}
	channel, err := conn.OpenChannel(ctx, rsocket.NewPayload("channel", ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, stream := range []*rsocket.Stream{stream, channel.Stream} {
		go func() {
			_, err := stream.Recv(ctx)
			outcomes <- err
		}()
	}
	return outcomes
}

func TestRequestsThatWereNotHandedToTheTransportAreRetrySafe(t *testing.T) {
	for name, end := range map[string]struct {
		end  func(conn *rsocket.Conn, far net.Conn)
		kind error
	}{
		"the transport ends": {func(_ *rsocket.Conn, far net.Conn) { _ = far.Close() }, rsocket.ErrConnectionLost},
		"Close":              {func(conn *rsocket.Conn, _ net.Conn) { _ = conn.Close() }, rsocket.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			conn, far := stuckClient(t)
			outcomes := manyKinds(t, conn)
			waitUntilSubmitted(t, conn, 4)
			end.end(conn, far)
			for range 4 {
				assertRetrySafe(t, await(t, outcomes), end.kind, true)
			}
		})
	}
}

func TestRequestsThatMayHaveBeenSentAreNotRetrySafe(t *testing.T) {
	client, server := rawServer(t)
	outcomes := manyKinds(t, client)
	for range 5 { // with SETUP
		server.frame()
	}
	_ = server.Close()
	for range 4 {
		assertRetrySafe(t, await(t, outcomes), rsocket.ErrConnectionLost, false)
	}
}

func TestRequestsOfAnEndedConnectionAreRetrySafe(t *testing.T) {
	client, server := rawServer(t)
	_ = server.Close()
	await(t, client.Done())
	ctx := testContext(t)
	payload := rsocket.NewPayload("x", "")
	_, response := client.RequestResponse(ctx, payload)
	_, stream := client.OpenStream(ctx, payload)
	_, channel := client.OpenChannel(ctx, payload)
	for name, err := range map[string]error{
		"RequestResponse":     response,
		"RequestResponseFunc": client.RequestResponseFunc(payload, func(*rsocket.Payload, error) {}),
		"FireAndForget":       client.FireAndForget(ctx, payload),
		"OpenStream":          stream,
		"OpenChannel":         channel,
		"MetadataPush":        client.MetadataPush(ctx, nil),
	} {
		t.Run(name, func(t *testing.T) { assertRetrySafe(t, err, rsocket.ErrConnectionLost, true) })
	}
	var known *rsocket.Error
	if !errors.As(client.Err(), &known) || known.RetrySafe() {
		t.Errorf("the connection's own error says that a request was not sent: %v", client.Err())
	}
}

// Requests for which the transport has no room are not sent either.
func TestRequestsThatWaitForRoomEndWithTheConnection(t *testing.T) {
	conn, far := stuckClient(t)
	const more = 3000 // than a batch holds
	outcomes := make(chan error, more)
	for range more {
		go func() {
			_, err := conn.RequestResponse(context.Background(), rsocket.NewPayload("x", ""))
			outcomes <- err
		}()
	}
	waitUntilSubmitted(t, conn, 1000)
	_ = far.Close()
	for range more {
		assertRetrySafe(t, await(t, outcomes), rsocket.ErrConnectionLost, true)
	}
}

// A stream that the peer knows is not made unsent by something about it that waits.
func TestAStreamWithUnsentCreditIsNotRetrySafe(t *testing.T) {
	near, far := net.Pipe()
	conn, err := rsocket.NewClientConn(testContext(t), near)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	peer := rawPeer{t, far}
	peer.frame() // SETUP
	opened := make(chan *rsocket.Stream, 1)
	go func() {
		stream, err := conn.OpenStream(testContext(t), rsocket.NewPayload("x", ""), rsocket.WithManualRequests(1))
		if err != nil {
			t.Error(err)
		}
		opened <- stream
	}()
	peer.frame() // REQUEST_STREAM
	stream := await(t, opened)
	if err := conn.FireAndForget(testContext(t), rsocket.NewPayload("the transport is stuck with it", "")); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	stream.Request(1)
	_ = far.Close()
	_, err = stream.Recv(testContext(t))
	assertRetrySafe(t, err, rsocket.ErrConnectionLost, false)
}

// silenced is a transport that reads the end of what the peer says when the test says so, while the peer still listens.
type silenced struct {
	net.Conn
	ended chan struct{} // gets one value
}

func (s silenced) Read(into []byte) (int, error) {
	if _, first := <-s.ended; first {
		return 0, io.EOF
	}
	return s.Conn.Read(into)
}

// What has been called unsent is not sent afterwards either, to a peer that still listens.
func TestUnsentRequestsStayUnsent(t *testing.T) {
	near, far := net.Pipe()
	ended := make(chan struct{}, 1)
	conn, err := rsocket.NewClientConn(testContext(t), silenced{near, ended})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	peer := rawPeer{t, far}
	peer.frame() // SETUP
	ctx := testContext(t)
	sent, err := conn.OpenStream(ctx, rsocket.NewPayload("sent", ""))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := conn.FireAndForget(ctx, rsocket.NewPayload("sent", "")); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		if frame := peer.frame(); !bytes.HasSuffix(frame, []byte("sent")) {
			t.Fatalf("got % x", frame)
		}
	}
	if err := conn.FireAndForget(ctx, rsocket.NewPayload("the transport is stuck with it", "")); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	outcomes := manyKinds(t, conn)
	waitUntilSubmitted(t, conn, 5)
	ended <- struct{}{}
	close(ended)
	for range 4 {
		assertRetrySafe(t, await(t, outcomes), rsocket.ErrConnectionLost, true)
	}
	_, err = sent.Recv(ctx)
	assertRetrySafe(t, err, rsocket.ErrConnectionLost, false)
	rest, err := io.ReadAll(far)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"blocking", "stream", "channel", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"} {
		if bytes.Contains(rest, []byte(text)) {
			t.Errorf("%q was sent: %q", text, rest[:min(len(rest), 100)])
		}
	}
}
