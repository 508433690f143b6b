package rsocket_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// First bytes of frames of a WebSocket.
const (
	textFrame   = 0x81
	binaryFrame = 0x82
	closeFrame  = 0x88
	pingFrame   = 0x89
	pongFrame   = 0x8a
)

// webSocketPeer is a peer that says frames of a WebSocket by hand.
type webSocketPeer struct {
	t testing.TB
	net.Conn
	reader *bufio.Reader
	// mask is a client's.
	mask []byte
}

// webSocketClient dials a server as such a peer.
func webSocketClient(t testing.TB, url string) webSocketPeer {
	t.Helper()
	address, path, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	peer := newWebSocketPeer(t, rawClient(t, address).Conn)
	peer.mask = []byte{0x37, 0xfa, 0x21, 0x3d}
	_, err := fmt.Fprintf(peer, "GET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", path, address)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(peer.reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", response, err)
	}
	return peer
}

// webSocketPair gives a client whose server is such a peer.
func webSocketPair(t testing.TB, opts ...rsocket.Option) (webSocketPeer, *rsocket.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	accepted := make(chan webSocketPeer, 1)
	go func() {
		nc, err := listener.Accept()
		if err != nil {
			return
		}
		peer := newWebSocketPeer(t, nc)
		request, err := http.ReadRequest(peer.reader)
		if err != nil {
			t.Error(err)
			return
		}
		sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		_, err = fmt.Fprintf(peer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
		if err != nil {
			t.Error(err)
		}
		accepted <- peer
	}()
	client := dial(t, "ws://"+listener.Addr().String(), opts...)
	peer := await(t, accepted)
	t.Cleanup(func() { _ = peer.Close() })
	return peer, client
}

func newWebSocketPeer(t testing.TB, nc net.Conn) webSocketPeer {
	_ = nc.SetReadDeadline(time.Now().Add(patience))
	return webSocketPeer{t: t, Conn: nc, reader: bufio.NewReader(nc)}
}

// say sends a frame with this first byte.
func (p webSocketPeer) say(first byte, payload string) {
	p.t.Helper()
	frame := []byte{first}
	maskBit := byte(0)
	if p.mask != nil {
		maskBit = 0x80
	}
	if len(payload) < 126 {
		frame = append(frame, maskBit|byte(len(payload)))
	} else {
		frame = append(frame, maskBit|127)
		frame = binary.BigEndian.AppendUint64(frame, uint64(len(payload)))
	}
	frame = append(frame, p.mask...)
	for i := range len(payload) {
		masked := payload[i]
		if p.mask != nil {
			masked ^= p.mask[i%4]
		}
		frame = append(frame, masked)
	}
	if _, err := p.Write(frame); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

// frame reads one frame, with its first byte; 0 at the end of the connection.
func (p webSocketPeer) frame() (first byte, payload []byte) {
	p.t.Helper()
	header := make([]byte, 2)
	if _, err := io.ReadFull(p.reader, header); err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			p.t.Fatal("the peer said nothing in time")
		}
		return 0, nil
	}
	if masked := header[1]&0x80 != 0; masked == (p.mask != nil) {
		p.t.Fatalf("masked: %v", masked)
	}
	size := uint64(header[1] & 0x7f)
	if wide := map[uint64]int{126: 2, 127: 8}[size]; wide > 0 {
		bytes := make([]byte, 8)
		p.readFull(bytes[8-wide:])
		size = binary.BigEndian.Uint64(bytes)
	}
	mask := make([]byte, 4)
	if p.mask == nil {
		p.readFull(mask)
	}
	payload = make([]byte, size)
	p.readFull(payload)
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return header[0], payload
}

func (p webSocketPeer) readFull(into []byte) {
	p.t.Helper()
	if _, err := io.ReadFull(p.reader, into); err != nil {
		p.t.Fatal(err)
	}
}

// expect reads frames until one begins like this.
func (p webSocketPeer) expect(first byte) []byte {
	p.t.Helper()
	for {
		got, payload := p.frame()
		if got == first {
			return payload
		}
		if got == 0 {
			p.t.Fatalf("no frame that begins with %#x", first)
		}
	}
}

func closeCode(t testing.TB, payload []byte) uint16 {
	t.Helper()
	if len(payload) < 2 {
		t.Fatalf("no close code: % x", payload)
	}
	return binary.BigEndian.Uint16(payload)
}

// Conforms: framing/no-length-in-messages
func TestAWebSocketPeerOfAnotherMake(t *testing.T) {
	peer := webSocketClient(t, listenAndServe(t, webSocketURL, rsocket.Handler{RequestResponse: echo}))
	peer.say(binaryFrame, setupFrame)
	peer.say(pingFrame, "one")
	if payload := peer.expect(pongFrame); string(payload) != "one" {
		t.Errorf("pong with %q", payload)
	}
	peer.say(pongFrame, "nobody asked")
	// One frame of RSocket in fragments of the WebSocket, with a ping between them.
	request := requestFrame(1, "hello")
	peer.say(0x02, request[:3])
	peer.say(pingFrame, "two")
	peer.say(0x00, "")
	peer.say(0x80, request[3:])
	if payload := peer.expect(pongFrame); string(payload) != "two" {
		t.Errorf("pong with %q", payload)
	}
	if answer := peer.expect(binaryFrame); string(answer[6:]) != "hello" {
		t.Errorf("answer % x", answer)
	}
	peer.say(closeFrame, "\x03\xe9bye")
	if code := closeCode(t, peer.expect(closeFrame)); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	if first, _ := peer.frame(); first != 0 {
		t.Errorf("more after the end: %#x", first)
	}
}

// Answers of the WebSocket go out while nothing else does, and whatever deadline writing has.
func TestPingsOfAnIdleConnectionAreAnswered(t *testing.T) {
	peer, client := webSocketPair(t)
	_ = client
	for range 3 {
		time.Sleep(30 * time.Millisecond) // Longer than the deadline of a borrowed write.
		peer.say(pingFrame, "still there?")
		if payload := peer.expect(pongFrame); string(payload) != "still there?" {
			t.Errorf("pong with %q", payload)
		}
	}
}

// A peer that pings and does not read is not answered without end.
func TestAPeerThatFloodsPings(t *testing.T) {
	peer, client := webSocketPair(t)
	flood := strings.Repeat("\x89\x7d"+strings.Repeat("x", 125), 500)
	_ = peer.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
	before := heapInUse()
	for {
		if _, err := io.WriteString(peer, flood); err != nil {
			break
		}
	}
	if grown := heapInUse() - before; grown > 4<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	await(t, client.Done())
}

func TestWhatIsNoMessageIsRefusedWithItsCode(t *testing.T) {
	url := listenAndServe(t, webSocketURL, rsocket.Handler{RequestResponse: echo},
		rsocket.WithLimits(rsocket.Limits{MaxFrameLen: 1000}))
	for name, want := range map[string]struct {
		first   byte
		payload string
		code    uint16
	}{
		"text":            {textFrame, "hello", 1003},
		"a long message":  {binaryFrame, strings.Repeat("x", 1001), 1009},
		"a reserved bit":  {0xc2, "x", 1002},
		"a wrong opcode":  {0x83, "x", 1002},
		"a continuation":  {0x80, "x", 1002},
		"a long ping":     {pingFrame, strings.Repeat("x", 126), 1002},
		"half a code":     {closeFrame, "x", 1002},
		"a reserved code": {closeFrame, "\x03\xed", 1002},
		"a bad reason":    {closeFrame, "\x03\xe8\xff", 1007},
	} {
		t.Run(name, func(t *testing.T) {
			peer := webSocketClient(t, url)
			peer.say(binaryFrame, setupFrame)
			peer.say(want.first, want.payload)
			if code := closeCode(t, peer.expect(closeFrame)); code != want.code {
				t.Errorf("closed with %d", code)
			}
			if first, _ := peer.frame(); first != 0 {
				t.Errorf("more after the end: %#x", first)
			}
		})
	}
	t.Run("no mask", func(t *testing.T) {
		peer := webSocketClient(t, url)
		if _, err := io.WriteString(peer, "\x82\x01x"); err != nil {
			t.Fatal(err)
		}
		if code := closeCode(t, peer.expect(closeFrame)); code != 1002 {
			t.Errorf("closed with %d", code)
		}
	})
}

func TestAClientTellsWhyTheWebSocketWasClosed(t *testing.T) {
	peer, client := webSocketPair(t)
	errs := startMany(t, client, 2)
	peer.expect(binaryFrame)
	peer.say(closeFrame, "\x03\xf0not here")
	for range 2 {
		err := await(t, errs)
		if !errors.Is(err, rsocket.ErrConnectionLost) || !strings.Contains(err.Error(), `1008 "not here"`) {
			t.Errorf("got %v", err)
		}
	}
	if code := closeCode(t, peer.expect(closeFrame)); code != 1008 {
		t.Errorf("closed with %d", code)
	}
}

// What the peer said before it closed counts, also for requests that are written after it closed.
func TestAClientHearsWhatCameBeforeTheWebSocketWasClosed(t *testing.T) {
	rejected := "\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x03no entry"
	goodbye := "\x82" + string([]byte{byte(len(rejected))}) + rejected + "\x88\x02\x03\xe8"
	for range 50 {
		peer, client := webSocketPair(t)
		peer.expect(binaryFrame) // SETUP
		requests := make(chan error, 1)
		go func() {
			var err error
			for err == nil {
				err = client.FireAndForget(context.Background(), rsocket.NewPayload("hello", ""))
			}
			requests <- err
		}()
		peer.expect(binaryFrame)
		if _, err := io.WriteString(peer, goodbye); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, peer) }()
		await(t, requests)
		await(t, client.Done())
		if err := client.Err(); !errors.Is(err, rsocket.ErrRejectedSetup) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestAWebSocketThatIsCutOffIsToldFromOneThatWasClosed(t *testing.T) {
	for _, closed := range []bool{true, false} {
		peer, client := webSocketPair(t)
		peer.expect(binaryFrame) // SETUP; what is unread would reset the transport.
		if closed {
			peer.say(closeFrame, "\x03\xe8")
		} else {
			_ = peer.Close()
		}
		await(t, client.Done())
		err := client.Err()
		if !errors.Is(err, rsocket.ErrConnectionLost) || errors.Is(err, io.EOF) != closed || errors.Is(err, io.ErrUnexpectedEOF) == closed {
			t.Errorf("closed %v: %v", closed, err)
		}
	}
}

func TestClosingAConnectionClosesItsWebSocket(t *testing.T) {
	peer, client := webSocketPair(t)
	peer.expect(binaryFrame) // SETUP
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if frame := peer.expect(binaryFrame); frame[4]>>2 != typeError {
		t.Errorf("no ERROR: % x", frame)
	}
	if code := closeCode(t, peer.expect(closeFrame)); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	peer.say(closeFrame, "\x03\xe8")
	if first, _ := peer.frame(); first != 0 {
		t.Errorf("more after the end: %#x", first)
	}
}

func TestServersCloseTheirWebSockets(t *testing.T) {
	listener, err := rsocket.Listen(testContext(t), webSocketURL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(testContext(t))
	served := make(chan error, 1)
	go func() { served <- rsocket.Serve(ctx, listener, rsocket.Handler{RequestResponse: echo}) }()
	peer := webSocketClient(t, "ws://"+listener.Addr().String()+"/rsocket")
	peer.say(binaryFrame, setupFrame)
	peer.say(binaryFrame, requestFrame(1, "hello"))
	peer.expect(binaryFrame)
	cancel()
	if frame := peer.expect(binaryFrame); frame[4]>>2 != typeError {
		t.Errorf("no ERROR: % x", frame)
	}
	if code := closeCode(t, peer.expect(closeFrame)); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	peer.say(closeFrame, "\x03\xe8")
	await(t, served)
}
