package rsocket

import (
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"time"
	"unicode/utf8"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/metadata"
)

// Option changes how connections are made. Each says whom it is for; the others ignore it.
type Option func(*settings) error

// Limits bound what a connection holds and accepts, whatever its peer does. A zero field means its default.
type Limits struct {
	// MaxInboundRequests is how many requests of the peer may be open; one more is answered with REJECTED.
	// Default 4096, at most 1073741824.
	MaxInboundRequests int
	// MaxOutboundRequests is how many requests of this side may be open; one more gives [ErrTooManyRequests].
	// Default 1048576, at most 268435456.
	MaxOutboundRequests int
	// MaxFireAndForgetHandlers is how many fire-and-forgets are handled or wait for that at once. While there are so many,
	// reading stops for up to 100 ms, then they are dropped until one is done. Default 4096.
	MaxFireAndForgetHandlers int
	// MaxBlockedCallbacks is how many callbacks of [Conn.RequestResponseFunc] may block before the connection waits
	// for them. Default 128.
	MaxBlockedCallbacks int
	// MaxFrameLen is the longest frame that is accepted, in bytes. Default and maximum 16777215.
	MaxFrameLen int
	// MaxPayloadLen is the longest payload that is sent, or put together from fragments, in bytes. What does not fit
	// a frame is sent in fragments. Default 64 MiB, at most 2147483647.
	MaxPayloadLen int
	// MaxUnrequestedItems is how many items a peer may send on a stream beyond what was asked for, as some
	// implementations ignore credit; one more fails the stream. Default 1024.
	MaxUnrequestedItems int
	// MaxQueuedBytes is what may wait to be sent in fragments, beyond the first payload; then submissions wait.
	// Default 64 MiB.
	MaxQueuedBytes int
	// MaxReassemblyBytes is what the unfinished fragmented payloads may hold together. Default 128 MiB.
	MaxReassemblyBytes int
	// MaxControlBytes is what may wait in answers for a peer that does not read. Default 1 MiB.
	MaxControlBytes int
	// SetupTimeout is how long a server waits for a client's SETUP, and how long [Handler.Setup] may take. It is
	// counted in whole milliseconds, at least 1. Default 10 s.
	SetupTimeout time.Duration
	// HandshakeTimeout is how long the handshakes of TLS ([WithTLS]), of QUIC and of a WebSocket may take each, on either
	// side, before the SETUP. A server's for QUIC is that which [Listen] was given. Default 10 s.
	HandshakeTimeout time.Duration
}

func (l Limits) withDefaults() Limits {
	orDefault(&l.MaxInboundRequests, 4096)
	orDefault(&l.MaxOutboundRequests, 1<<20)
	orDefault(&l.MaxFireAndForgetHandlers, 4096)
	orDefault(&l.MaxBlockedCallbacks, 128)
	orDefault(&l.MaxPayloadLen, 64<<20)
	orDefault(&l.MaxQueuedBytes, 64<<20)
	orDefault(&l.SetupTimeout, 10*time.Second)
	orDefault(&l.HandshakeTimeout, 10*time.Second)
	return l
}

// connLimits are those that a connection goes on asking for.
type connLimits struct {
	maxBlockedCallbacks, maxPayloadLen int
	setupTimeout                       time.Duration
}

func (l Limits) ofConn() connLimits {
	return connLimits{l.MaxBlockedCallbacks, l.MaxPayloadLen, l.SetupTimeout}
}

func orDefault[T ~int | ~int64](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}

// check says what is wrong with the fields that are set.
func (l Limits) check() error {
	for _, limit := range []struct {
		name        string
		value, most int
	}{
		{"MaxInboundRequests", l.MaxInboundRequests, 1 << 30},
		{"MaxOutboundRequests", l.MaxOutboundRequests, 1 << 28},
		{"MaxFireAndForgetHandlers", l.MaxFireAndForgetHandlers, math.MaxInt},
		{"MaxBlockedCallbacks", l.MaxBlockedCallbacks, math.MaxInt},
		{"MaxFrameLen", l.MaxFrameLen, 1<<24 - 1},
		{"MaxPayloadLen", l.MaxPayloadLen, math.MaxInt32},
		{"MaxUnrequestedItems", l.MaxUnrequestedItems, math.MaxInt},
		{"MaxQueuedBytes", l.MaxQueuedBytes, math.MaxInt},
		{"MaxReassemblyBytes", l.MaxReassemblyBytes, math.MaxInt},
		{"MaxControlBytes", l.MaxControlBytes, math.MaxInt},
	} {
		if limit.value < 0 || limit.value > limit.most {
			return fmt.Errorf("%w: %s of %d is outside 0 to %d", ErrInvalidArgument, limit.name, limit.value, limit.most)
		}
	}
	if l.SetupTimeout != 0 && l.SetupTimeout < time.Millisecond {
		return fmt.Errorf("%w: SetupTimeout of %v is below a millisecond", ErrInvalidArgument, l.SetupTimeout)
	}
	if l.HandshakeTimeout < 0 {
		return fmt.Errorf("%w: HandshakeTimeout of %v is negative", ErrInvalidArgument, l.HandshakeTimeout)
	}
	return nil
}

// WithLimits bounds what a connection holds and accepts. For clients and servers. A limit outside its range is
// [ErrInvalidArgument].
func WithLimits(limits Limits) Option {
	return func(s *settings) error {
		if err := limits.check(); err != nil {
			return err
		}
		s.limits = limits.withDefaults()
		return nil
	}
}

// WithHandler makes a client answer requests of the server.
func WithHandler(handler Handler) Option {
	return func(s *settings) error {
		s.handler = &handler
		return nil
	}
}

// WithSetupPayload sets the payload of a client's SETUP (specification, "SETUP Frame"), metadata and data together at
// most 32 KiB as SETUP has no fragments; a longer one is [ErrInvalidArgument] and [ErrPayloadTooLarge]. Its metadata is
// encoded as the other payloads' is, so one of [NewRequest] needs [WithCompositeMetadata]. Default, and nil: an empty
// one.
func WithSetupPayload(payload *Payload) Option {
	return func(s *settings) error {
		if size := payload.Len(); size > maxSetupPayload {
			return fmt.Errorf("%w: %w: setup payload of %d bytes, the limit is %d",
				ErrInvalidArgument, ErrPayloadTooLarge, size, maxSetupPayload)
		}
		s.setup = payload
		return nil
	}
}

// maxSetupPayload is what a SETUP can carry here: it has no fragments.
const maxSetupPayload = 32 << 10

// WithMIMETypes sets how a client encodes metadata and data (specification, "SETUP Frame"): ASCII, 1 to 255 bytes each;
// others are [ErrInvalidArgument]. Default "application/octet-stream". [WithCompositeMetadata] and [WithDataMIME] set one
// of the two.
func WithMIMETypes(metadata, data string) Option {
	return func(s *settings) error {
		if err := checkMIME("metadata", metadata); err != nil {
			return err
		}
		if err := checkMIME("data", data); err != nil {
			return err
		}
		s.metadataMIME, s.dataMIME = metadata, data
		return nil
	}
}

// WithCompositeMetadata has a client say that its metadata is composite (Composite Metadata Extension), as that of
// [NewRequest] is. Servers that find their handlers by routes expect it, Spring's for one. Its data stays what it is; see
// [WithDataMIME].
func WithCompositeMetadata() Option {
	return func(s *settings) error {
		s.metadataMIME = string(metadata.MIMEComposite)
		return nil
	}
}

// WithDataMIME sets how a client encodes data, such as "application/json", and leaves its metadata what it is; see
// [WithMIMETypes].
func WithDataMIME(data string) Option {
	return func(s *settings) error {
		if err := checkMIME("data", data); err != nil {
			return err
		}
		s.dataMIME = data
		return nil
	}
}

// maxMIME is how long a MIME type SETUP can carry, in bytes.
const maxMIME = 255

func checkMIME(of, mime string) error {
	if len(mime) == 0 || len(mime) > maxMIME {
		return fmt.Errorf("%w: MIME type of %s has %d bytes, not 1 to %d", ErrInvalidArgument, of, len(mime), maxMIME)
	}
	for i := range len(mime) {
		if mime[i] >= utf8.RuneSelf {
			return fmt.Errorf("%w: MIME type %q of %s is not ASCII", ErrInvalidArgument, mime, of)
		}
	}
	return nil
}

// WithKeepalive sets how often a client sends KEEPALIVE, and after how long a silence each side gives the other up
// (specification, "SETUP Frame"). Both are counted in whole milliseconds, rounded up, and at least one and at most
// 2147483647 of them, about 24 days. The interval has to be shorter than the lifetime, as a peer with nothing else to say
// is heard once an interval. Others are [ErrInvalidArgument]. Default 20 s and 90 s.
func WithKeepalive(interval, maxLifetime time.Duration) Option {
	return func(s *settings) error {
		if err := checkPeriod("keepalive interval", interval); err != nil {
			return err
		}
		if err := checkPeriod("max lifetime", maxLifetime); err != nil {
			return err
		}
		interval, maxLifetime := wholeMilliseconds(interval), wholeMilliseconds(maxLifetime)
		if interval >= maxLifetime {
			return fmt.Errorf("%w: keepalive interval %v is not shorter than max lifetime %v",
				ErrInvalidArgument, interval, maxLifetime)
		}
		s.keepaliveInterval, s.maxLifetime = interval, maxLifetime
		return nil
	}
}

// maxPeriod is the longest interval or lifetime that SETUP can carry: 31 bits of milliseconds.
const maxPeriod = math.MaxInt32 * time.Millisecond

func checkPeriod(name string, period time.Duration) error {
	if period < time.Millisecond || period > maxPeriod {
		return fmt.Errorf("%w: %s %v is outside 1 ms to %v", ErrInvalidArgument, name, period, maxPeriod)
	}
	return nil
}

// wholeMilliseconds rounds up.
func wholeMilliseconds(period time.Duration) time.Duration {
	return (period + time.Millisecond - 1).Truncate(time.Millisecond)
}

// WithFragmentLength sets the longest frame that this side sends, in bytes, from 64 to 16777215: longer payloads go out
// in fragments, which take turns with those of other streams. Default 128 KiB. For clients and servers.
func WithFragmentLength(length int) Option {
	return func(s *settings) error {
		if length < 64 || length > 1<<24-1 {
			return fmt.Errorf("%w: fragment length %d is outside 64 to 16777215", ErrInvalidArgument, length)
		}
		s.fragmentLen = length
		return nil
	}
}

// WithLogger sets where noteworthy events go. For clients and servers. Default: nowhere.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) error {
		if logger == nil {
			return fmt.Errorf("%w: no logger", ErrInvalidArgument)
		}
		s.logger = logger
		return nil
	}
}

// settings are the options' outcome.
type settings struct {
	limits                         Limits
	handler                        *Handler
	setup                          *Payload
	metadataMIME, dataMIME         string
	keepaliveInterval, maxLifetime time.Duration
	fragmentLen                    int
	lease                          LeaseStrategy
	resume                         *ResumeOptions
	// sessions are a server's connections that can be resumed.
	sessions *sessionTable
	// tls is nil for transports that are used as they are.
	tls       tlsSource
	webSocket webSocketSettings
	// unixPermissions is nil for what the umask leaves.
	unixPermissions *fs.FileMode
	logger          *slog.Logger
}

const defaultMIME = "application/octet-stream"

func newSettings(opts []Option) (*settings, error) {
	s := &settings{
		limits:            Limits{}.withDefaults(),
		handler:           &noHandler,
		metadataMIME:      defaultMIME,
		dataMIME:          defaultMIME,
		keepaliveInterval: 20 * time.Second,
		maxLifetime:       90 * time.Second,
		fragmentLen:       128 << 10,
		webSocket:         webSocketSettings{subprotocols: []string{"rsocket"}},
		logger:            slog.New(slog.DiscardHandler),
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("%w: an option is nil", ErrInvalidArgument)
		}
		if err := opt(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *settings) engineConfig(server bool) ffi.Config {
	metadata, hasMetadata := s.setup.Metadata()
	config := ffi.Config{
		Server:             server,
		KeepaliveInterval:  s.keepaliveInterval,
		MaxLifetime:        s.maxLifetime,
		MetadataMIME:       s.metadataMIME,
		DataMIME:           s.dataMIME,
		SetupMetadata:      metadata,
		HasSetupMetadata:   hasMetadata,
		SetupData:          s.setup.Data(),
		MaxInboundStreams:  s.limits.MaxInboundRequests,
		MaxOutboundStreams: s.limits.MaxOutboundRequests,
		MaxFrameLen:        s.limits.MaxFrameLen,
		MaxPayloadLen:      s.limits.MaxPayloadLen,
		MaxReassemblyBytes: s.limits.MaxReassemblyBytes,
		MaxControlBytes:    s.limits.MaxControlBytes,
		SetupTimeout:       s.limits.SetupTimeout,
		MaxUnrequested:     s.limits.MaxUnrequestedItems,
		MaxQueuedBytes:     math.MaxInt, // What the engine would count again has its room here (room.go).
		FragmentLen:        s.fragmentLen,
		Lease:              s.lease != nil,
	}
	if s.resume != nil {
		config.Resume = true
		config.ResumeToken = s.resume.Token
		config.ResumeStore = s.resume.StoreBytes
		config.SessionTimeout = s.resume.SessionTimeout
		config.MaxQueuedBytes = s.limits.MaxQueuedBytes // The engine has copies.
		if s.fragmentLen == 0 || s.fragmentLen > maxResumableFrame {
			config.FragmentLen = maxResumableFrame
		}
	}
	return config
}
