package rsocket_test

import (
	"context"
	"errors"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

const (
	ms       = time.Millisecond
	maxMS    = 1<<31 - 1 // of a period in SETUP
	maxSetup = 32 << 10  // bytes of a setup payload
)

// refusedEverywhere checks that an option fails before anything is connected, listened to or sent.
func refusedEverywhere(t *testing.T, opt rsocket.Option) {
	t.Helper()
	assertInvalid := func(where string, err error) {
		if !errors.Is(err, rsocket.ErrInvalidArgument) {
			t.Errorf("%s: %v", where, err)
		}
	}
	_, err := rsocket.Dial(testContext(t), "tcp://192.0.2.1:1", opt) // An address that nobody has.
	assertInvalid("Dial", err)
	near, far := net.Pipe()
	_, err = rsocket.NewClientConn(testContext(t), near, opt)
	assertInvalid("NewClientConn", err)
	if n, err := far.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("NewClientConn has sent something, or left the transport open")
	}
	near, _ = net.Pipe()
	_, err = rsocket.ServeConn(testContext(t), near, rsocket.Handler{}, opt)
	assertInvalid("ServeConn", err)
	_, err = rsocket.NewServer(rsocket.Handler{}, opt)
	assertInvalid("NewServer", err)
	_, err = rsocket.NewReconnector("tcp://192.0.2.1:1", rsocket.ReconnectPolicy{}, opt)
	assertInvalid("NewReconnector", err)
}

func TestOptionsRefuseWhatSetupCannotCarry(t *testing.T) {
	for name, opt := range map[string]rsocket.Option{
		"nil option":                            nil,
		"long metadata MIME type":               rsocket.WithMIMETypes(strings.Repeat("m", 256), "a/b"),
		"long data MIME type":                   rsocket.WithMIMETypes("a/b", strings.Repeat("d", 256)),
		"long data MIME type alone":             rsocket.WithDataMIME(strings.Repeat("d", 256)),
		"empty metadata MIME type":              rsocket.WithMIMETypes("", "a/b"),
		"empty data MIME type":                  rsocket.WithMIMETypes("a/b", ""),
		"empty data MIME type alone":            rsocket.WithDataMIME(""),
		"metadata MIME type not ASCII":          rsocket.WithMIMETypes("text/é", "a/b"),
		"data MIME type not ASCII":              rsocket.WithMIMETypes("a/b", "text/\x80"),
		"data MIME type alone not ASCII":        rsocket.WithDataMIME("\xff"),
		"setup payload too long":                rsocket.WithSetupPayload(rsocket.NewPayloadFromBytes(make([]byte, maxSetup), []byte{1})),
		"no keepalive interval":                 rsocket.WithKeepalive(0, time.Second),
		"no max lifetime":                       rsocket.WithKeepalive(time.Second, 0),
		"negative keepalive interval":           rsocket.WithKeepalive(-1, time.Second),
		"negative max lifetime":                 rsocket.WithKeepalive(time.Second, -1),
		"keepalive interval below 1 ms":         rsocket.WithKeepalive(ms-1, time.Second),
		"max lifetime below 1 ms":               rsocket.WithKeepalive(ms-1, ms-1),
		"keepalive interval over 31 bits":       rsocket.WithKeepalive(maxMS*ms+1, math.MaxInt64),
		"max lifetime over 31 bits":             rsocket.WithKeepalive(time.Second, maxMS*ms+1),
		"keepalive interval over the lifetime":  rsocket.WithKeepalive(2*time.Second, time.Second),
		"keepalive interval of the lifetime":    rsocket.WithKeepalive(time.Second, time.Second),
		"the same once in milliseconds":         rsocket.WithKeepalive(ms+1, 2*ms),
		"no lease strategy":                     rsocket.WithLease(nil),
		"a fixed lease without a period":        rsocket.WithLease(rsocket.FixedLease(1, 0)),
		"a fixed lease of -1 requests":          rsocket.WithLease(rsocket.FixedLease(-1, time.Second)),
		"fragment length too short":             rsocket.WithFragmentLength(63),
		"fragment length too long":              rsocket.WithFragmentLength(1 << 24),
		"negative SetupTimeout":                 rsocket.WithLimits(rsocket.Limits{SetupTimeout: -1}),
		"SetupTimeout below 1 ms":               rsocket.WithLimits(rsocket.Limits{SetupTimeout: ms - 1}),
		"negative MaxInboundRequests":           rsocket.WithLimits(rsocket.Limits{MaxInboundRequests: -1}),
		"negative MaxOutboundRequests":          rsocket.WithLimits(rsocket.Limits{MaxOutboundRequests: -1}),
		"negative MaxFireAndForgetHandlers":     rsocket.WithLimits(rsocket.Limits{MaxFireAndForgetHandlers: -1}),
		"negative MaxBlockedCallbacks":          rsocket.WithLimits(rsocket.Limits{MaxBlockedCallbacks: -1}),
		"negative MaxFrameLen":                  rsocket.WithLimits(rsocket.Limits{MaxFrameLen: -1}),
		"negative MaxPayloadLen":                rsocket.WithLimits(rsocket.Limits{MaxPayloadLen: -1}),
		"negative MaxUnrequestedItems":          rsocket.WithLimits(rsocket.Limits{MaxUnrequestedItems: -1}),
		"negative MaxQueuedBytes":               rsocket.WithLimits(rsocket.Limits{MaxQueuedBytes: -1}),
		"negative MaxReassemblyBytes":           rsocket.WithLimits(rsocket.Limits{MaxReassemblyBytes: -1}),
		"negative MaxControlBytes":              rsocket.WithLimits(rsocket.Limits{MaxControlBytes: -1}),
		"MaxInboundRequests beyond the engine":  rsocket.WithLimits(rsocket.Limits{MaxInboundRequests: 1<<30 + 1}),
		"MaxOutboundRequests beyond the engine": rsocket.WithLimits(rsocket.Limits{MaxOutboundRequests: 1<<28 + 1}),
		"MaxFrameLen beyond 24 bits":            rsocket.WithLimits(rsocket.Limits{MaxFrameLen: 1 << 24}),
		"MaxPayloadLen beyond 31 bits":          rsocket.WithLimits(rsocket.Limits{MaxPayloadLen: math.MaxInt}),
	} {
		t.Run(name, func(t *testing.T) { refusedEverywhere(t, opt) })
	}
}

func TestALongSetupPayloadIsTooLarge(t *testing.T) {
	payload := rsocket.NewPayloadFromBytes(make([]byte, maxSetup+1), nil)
	_, err := rsocket.Dial(testContext(t), "tcp://192.0.2.1:1", rsocket.WithSetupPayload(payload))
	if !errors.Is(err, rsocket.ErrPayloadTooLarge) {
		t.Errorf("got %v", err)
	}
}

// setupOf is what a server hears of a client with these options.
func setupOf(t *testing.T, opts ...rsocket.Option) *rsocket.Setup {
	t.Helper()
	got := make(chan *rsocket.Setup, 1)
	connectTCP(t, rsocket.Handler{
		Setup: func(_ context.Context, setup *rsocket.Setup, _ *rsocket.Conn) error {
			got <- setup
			return nil
		},
	}, opts...)
	return await(t, got)
}

func TestSetupDefaults(t *testing.T) {
	setup := setupOf(t)
	if setup.MetadataMIMEType != "application/octet-stream" || setup.DataMIMEType != "application/octet-stream" ||
		setup.KeepaliveInterval != 20*time.Second || setup.MaxLifetime != 90*time.Second {
		t.Errorf("got %+v", setup)
	}
	assertSamePayload(t, setup.Payload, rsocket.NewPayload("", ""))
	assertSamePayload(t, setupOf(t, rsocket.WithSetupPayload(nil)).Payload, rsocket.NewPayload("", ""))
}

func TestSetupCarriesItsExtremes(t *testing.T) {
	longest := strings.Repeat("x", 255)
	payload := rsocket.NewPayloadFromBytes(randomBytes(maxSetup-100), randomBytes(100))
	setup := setupOf(t,
		rsocket.WithMIMETypes(longest, "a"),
		rsocket.WithKeepalive((maxMS-1)*ms, maxMS*ms),
		rsocket.WithSetupPayload(payload))
	if setup.MetadataMIMEType != longest || setup.DataMIMEType != "a" ||
		setup.KeepaliveInterval != (maxMS-1)*ms || setup.MaxLifetime != maxMS*ms {
		t.Errorf("got %+v", setup)
	}
	assertSamePayload(t, setup.Payload, payload)
	empty := rsocket.NewPayloadFromBytes(nil, []byte{})
	assertSamePayload(t, setupOf(t, rsocket.WithSetupPayload(empty)).Payload, empty)
}

// Periods are counted in whole milliseconds, rounded up.
func TestKeepaliveIsRoundedUp(t *testing.T) {
	setup := setupOf(t, rsocket.WithKeepalive(time.Minute+1, 2*time.Minute+999*time.Microsecond))
	if setup.KeepaliveInterval != time.Minute+ms || setup.MaxLifetime != 2*time.Minute+ms {
		t.Errorf("got %v and %v", setup.KeepaliveInterval, setup.MaxLifetime)
	}
}

func TestMIMEOptionsSetOneOrBoth(t *testing.T) {
	const octets, composite = "application/octet-stream", "message/x.rsocket.composite-metadata.v0"
	for name, test := range map[string]struct {
		opts           []rsocket.Option
		metadata, data string
	}{
		"metadata alone": {[]rsocket.Option{rsocket.WithCompositeMetadata()}, composite, octets},
		"data alone":     {[]rsocket.Option{rsocket.WithDataMIME("text/plain; charset=utf-8")}, octets, "text/plain; charset=utf-8"},
		"each":           {[]rsocket.Option{rsocket.WithDataMIME("a/b"), rsocket.WithCompositeMetadata()}, composite, "a/b"},
		"the last counts": {
			[]rsocket.Option{rsocket.WithDataMIME("a/b"), rsocket.WithMIMETypes("c/d", "e/f"), rsocket.WithCompositeMetadata()},
			composite, "e/f",
		},
	} {
		t.Run(name, func(t *testing.T) {
			setup := setupOf(t, test.opts...)
			if setup.MetadataMIMEType != test.metadata || setup.DataMIMEType != test.data {
				t.Errorf("got %q and %q", setup.MetadataMIMEType, setup.DataMIMEType)
			}
		})
	}
}

// Every field of SETUP on the wire, in the order of the specification. (The resume token has options of its own.)
func TestEverySetupFieldOnTheWire(t *testing.T) {
	_, server := rawServer(t,
		rsocket.WithKeepalive(1500*ms, 7*time.Second),
		rsocket.WithMIMETypes("m/m", "dd/d"),
		rsocket.WithSetupPayload(rsocket.NewPayload("data", "meta")),
		rsocket.WithLease(rsocket.FixedLease(1, time.Hour)))
	want := "\x00\x00\x00\x00" + // stream 0
		"\x05\x40" + // SETUP with metadata and leases
		"\x00\x01\x00\x00" + // version 1.0
		"\x00\x00\x05\xdc" + // keepalive interval
		"\x00\x00\x1b\x58" + // max lifetime
		"\x03m/m" + "\x04dd/d" + // MIME types
		"\x00\x00\x04meta" + "data"
	if frame := server.frame(); string(frame) != want {
		t.Errorf("got %q, want %q", frame, want)
	}
}

// The longest frame that a side sends holds for requests and for answers.
func TestFragmentLengthOnTheWire(t *testing.T) {
	client, server := rawServer(t, rsocket.WithFragmentLength(64))
	server.frame() // SETUP
	if err := client.FireAndForget(testContext(t), rsocket.NewPayloadFromBytes(make([]byte, 100), nil)); err != nil {
		t.Fatal(err)
	}
	if first := server.frame(); len(first) != 64 || first[5]&0x80 == 0 {
		t.Errorf("the first of two fragments: % x", first)
	}
	if last := server.frame(); len(last) != 6+100-58 || last[5]&0x80 != 0 {
		t.Errorf("the last fragment: % x", last)
	}
}

func TestLimitsHoldAtTheirExtremes(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{RequestResponse: echo}, rsocket.WithLimits(rsocket.Limits{
		MaxInboundRequests:  1 << 30,
		MaxOutboundRequests: 1 << 28,
		MaxFrameLen:         1<<24 - 1,
		MaxPayloadLen:       math.MaxInt32,
		SetupTimeout:        ms,
	}))
	if _, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("x", "")); err != nil {
		t.Error(err)
	}
}
