package rsocket

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// Option changes how connections are made. Each says whom it is for; the others ignore it.
type Option func(*settings) error

// Limits bound what a connection holds and accepts, whatever its peer does. A zero field means its default.
type Limits struct {
	// MaxInboundRequests is how many requests of the peer may be open; one more is answered with REJECTED.
	// Default 4096.
	MaxInboundRequests int
	// MaxOutboundRequests is how many requests of this side may be open; one more gives [ErrTooManyRequests].
	// Default 1048576.
	MaxOutboundRequests int
	// MaxFireAndForgetHandlers is how many fire-and-forgets are handled at once. While all are at work reading stops
	// for up to 100 ms, then they are dropped until one is free. Default 4096.
	MaxFireAndForgetHandlers int
	// MaxBlockedCallbacks is how many callbacks of [Conn.RequestResponseFunc] may block before the connection waits
	// for them. Default 128.
	MaxBlockedCallbacks int
	// MaxFrameLen is the longest frame that is accepted, in bytes. Default and maximum 16777215.
	MaxFrameLen int
	// MaxPayloadLen is the longest payload that is sent, or put together from fragments, in bytes. What does not fit
	// a frame is sent in fragments. Default 64 MiB.
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
	// SetupTimeout is how long a server waits for a client's SETUP, how long [Handler.Setup] may take, and how long the
	// handshakes of TLS and of a WebSocket may take each, on either side. Default 10 s.
	SetupTimeout time.Duration
}

func (l Limits) withDefaults() Limits {
	orDefault(&l.MaxInboundRequests, 4096)
	orDefault(&l.MaxOutboundRequests, 1<<20)
	orDefault(&l.MaxFireAndForgetHandlers, 4096)
	orDefault(&l.MaxBlockedCallbacks, 128)
	orDefault(&l.MaxPayloadLen, 64<<20)
	orDefault(&l.SetupTimeout, 10*time.Second)
	return l
}

func orDefault[T ~int | ~int64](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}

func (l Limits) check() error {
	values := []int{
		l.MaxInboundRequests, l.MaxOutboundRequests, l.MaxFireAndForgetHandlers, l.MaxBlockedCallbacks,
		l.MaxUnrequestedItems, l.MaxQueuedBytes, l.MaxFrameLen, l.MaxPayloadLen, l.MaxReassemblyBytes, l.MaxControlBytes, int(l.SetupTimeout),
	}
	for _, value := range values {
		if value < 0 {
			return fmt.Errorf("%w: a limit is negative: %+v", ErrInvalidArgument, l)
		}
	}
	return nil
}

// WithLimits bounds what a connection holds and accepts. For clients and servers.
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
		s.handler = handler
		return nil
	}
}

// WithSetupPayload sets the payload of a client's SETUP. Default: an empty one.
func WithSetupPayload(payload *Payload) Option {
	return func(s *settings) error {
		s.setup = payload
		return nil
	}
}

// WithMIMETypes sets how a client encodes metadata and data: ASCII, at most 255 bytes each. Default
// "application/octet-stream".
func WithMIMETypes(metadata, data string) Option {
	return func(s *settings) error {
		s.metadataMIME, s.dataMIME = metadata, data
		return nil
	}
}

// WithKeepalive sets how often a client sends KEEPALIVE, and after how long a silence each side gives the other up.
// Both are counted in whole milliseconds, at least 1. Default 20 s and 90 s.
func WithKeepalive(interval, maxLifetime time.Duration) Option {
	return func(s *settings) error {
		if interval <= 0 || maxLifetime <= 0 {
			return fmt.Errorf("%w: keepalive interval %v and max lifetime %v must be positive",
				ErrInvalidArgument, interval, maxLifetime)
		}
		s.keepaliveInterval, s.maxLifetime = interval, maxLifetime
		return nil
	}
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
	handler                        Handler
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
	logger    *slog.Logger
}

const defaultMIME = "application/octet-stream"

func newSettings(opts []Option) (*settings, error) {
	s := &settings{
		limits:            Limits{}.withDefaults(),
		metadataMIME:      defaultMIME,
		dataMIME:          defaultMIME,
		keepaliveInterval: 20 * time.Second,
		maxLifetime:       90 * time.Second,
		webSocket:         webSocketSettings{subprotocols: []string{"rsocket"}},
		logger:            slog.New(slog.DiscardHandler),
	}
	for _, opt := range opts {
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
		MaxQueuedBytes:     s.limits.MaxQueuedBytes,
		FragmentLen:        s.fragmentLen,
		Lease:              s.lease != nil,
	}
	if s.resume != nil {
		config.Resume = true
		config.ResumeToken = s.resume.Token
		config.ResumeStore = s.resume.StoreBytes
		config.SessionTimeout = s.resume.SessionTimeout
		if s.fragmentLen == 0 || s.fragmentLen > maxResumableFrame {
			config.FragmentLen = maxResumableFrame
		}
	}
	return config
}
