package rsocket

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// What errors.Is can ask of any error that this package returns. Each error from the wire is also an [*Error].
var (
	// ErrClosed: this side closed the connection.
	ErrClosed = errors.New("rsocket: connection closed")
	// ErrConnectionLost: the connection ended without this side asking for it.
	ErrConnectionLost = errors.New("rsocket: connection lost")
	// ErrConnectionClosing: the connection is being closed, by the peer or by Shutdown, and takes no new requests.
	ErrConnectionClosing = errors.New("rsocket: connection is closing")
	// ErrRejectedSetup: the server refused the connection (INVALID_SETUP, UNSUPPORTED_SETUP or REJECTED_SETUP).
	ErrRejectedSetup = errors.New("rsocket: setup rejected")
	// ErrApplication: the peer's handler failed (APPLICATION_ERROR or a code of the application's own).
	ErrApplication = errors.New("rsocket: application error")
	// ErrRejected: the peer refused the request without processing it (REJECTED).
	ErrRejected = errors.New("rsocket: request rejected")
	// ErrCanceled: the peer gave the request up, perhaps after it began to process it (CANCELED).
	ErrCanceled = errors.New("rsocket: request canceled by the peer")
	// ErrInvalid: the peer found the request invalid (INVALID).
	ErrInvalid = errors.New("rsocket: request invalid")
	// ErrPayloadTooLarge: the payload is over [Limits.MaxPayloadLen]; nothing was sent.
	ErrPayloadTooLarge = errors.New("rsocket: payload too large")
	// ErrTooManyRequests: the limit on open requests is reached; nothing was sent.
	ErrTooManyRequests = errors.New("rsocket: too many open requests")
	// ErrNoLease: the peer's lease allows no more requests now; nothing was sent.
	ErrNoLease = errors.New("rsocket: no lease")
	// ErrNotReady: the setup exchange has not come far enough to send requests.
	ErrNotReady = errors.New("rsocket: connection is not set up")
	// ErrNotConnected: a [Client] was used before it connected, or a [Reconnector] without a connection; nothing was
	// sent.
	ErrNotConnected = errors.New("rsocket: not connected")
	// ErrSuspended: the connection waits to be resumed, and this would not be sent again; nothing was sent.
	ErrSuspended = errors.New("rsocket: connection is suspended")
	// ErrHandshake: TLS or a WebSocket was not opened, because a side refused, the peer does not speak it, or it took too
	// long. Those of TLS are also [ErrTLS].
	ErrHandshake = errors.New("rsocket: handshake failed")
	// ErrAddressInUse: another server listens at the URL, or what is at its path is not a socket.
	ErrAddressInUse = errors.New("rsocket: address in use")
	// ErrNotBuilt: the library that is linked was built without the transport of a URL. It comes with
	// [ErrInvalidArgument].
	ErrNotBuilt = errors.New("rsocket: the library was built without this transport")
	// ErrInvalidArgument: a URL, option or payload that cannot work.
	ErrInvalidArgument = errors.New("rsocket: invalid argument")

	// errDraining: this side is shutting the connection down.
	errDraining = &Error{
		Code:    CodeRejected,
		Message: "the connection is shutting down",
		Origin:  OriginUser,
		kind:    ErrConnectionClosing,
		unsent:  true,
	}

	errGiven      = fmt.Errorf("%w: the payload was to be sent once, and has been", ErrInvalidArgument)
	errNoPayload  = fmt.Errorf("%w: no payload", ErrInvalidArgument)
	errNoCallback = fmt.Errorf("%w: no callback", ErrInvalidArgument)
	// errHandedOver: the connection's transport carries an earlier connection again.
	errHandedOver = &Error{
		Code:    CodeConnectionClose,
		Message: "the transport went to the connection that was resumed",
		Origin:  OriginPeer,
		kind:    ErrConnectionLost,
	}
	// errNotResumed: a transport was lost before the connection could go on over it.
	errNotResumed = errors.New("rsocket: the transport was lost before the connection was resumed")

	errInternal = errors.New("rsocket: internal error")
)

// ErrorCode is the code of an ERROR frame (specification, "Error Codes").
type ErrorCode uint32

// The codes that the specification defines. Codes from 0x301 on belong to applications.
const (
	CodeInvalidSetup     ErrorCode = 0x001
	CodeUnsupportedSetup ErrorCode = 0x002
	CodeRejectedSetup    ErrorCode = 0x003
	CodeRejectedResume   ErrorCode = 0x004
	CodeConnectionError  ErrorCode = 0x101
	CodeConnectionClose  ErrorCode = 0x102
	CodeApplicationError ErrorCode = 0x201
	CodeRejected         ErrorCode = 0x202
	CodeCanceled         ErrorCode = 0x203
	CodeInvalid          ErrorCode = 0x204
)

var codeNames = map[ErrorCode]string{
	CodeInvalidSetup:     "INVALID_SETUP",
	CodeUnsupportedSetup: "UNSUPPORTED_SETUP",
	CodeRejectedSetup:    "REJECTED_SETUP",
	CodeRejectedResume:   "REJECTED_RESUME",
	CodeConnectionError:  "CONNECTION_ERROR",
	CodeConnectionClose:  "CONNECTION_CLOSE",
	CodeApplicationError: "APPLICATION_ERROR",
	CodeRejected:         "REJECTED",
	CodeCanceled:         "CANCELED",
	CodeInvalid:          "INVALID",
}

// String is the name that the specification gives the code, or its number.
func (c ErrorCode) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("0x%08x", uint32(c))
}

// Origin tells who caused an [Error].
type Origin uint32

const (
	// OriginUser is the program on this side.
	OriginUser Origin = Origin(ffi.OriginUser)
	// OriginLibrary is this library, because the peer broke a rule, passed a limit or fell silent.
	OriginLibrary Origin = Origin(ffi.OriginLibrary)
	// OriginPeer is the other side, which said so in an ERROR frame.
	OriginPeer Origin = Origin(ffi.OriginRemote)
	// OriginTransport is the network or the operating system.
	OriginTransport Origin = Origin(ffi.OriginTransport)
)

// String names the origin.
func (o Origin) String() string {
	switch o {
	case OriginUser:
		return "user"
	case OriginLibrary:
		return "library"
	case OriginPeer:
		return "peer"
	case OriginTransport:
		return "transport"
	default:
		return "unknown"
	}
}

// Error is a request or a connection that failed, with what the wire said about it. Use errors.As to get it, and
// errors.Is with the Err variables to ask what happened.
type Error struct {
	// Code is the code of the ERROR frame that was received or sent.
	Code ErrorCode
	// Message is the frame's data. From a peer it can be anything.
	Message string
	// Origin tells who caused it.
	Origin Origin

	// kind is one of the Err variables.
	kind error
	// unsent: the request was never handed to the transport.
	unsent bool
	// cause is the error behind it, such as one of the operating system.
	cause error
}

// NewError makes an error for a handler to return: the peer gets code and message in an ERROR frame.
func NewError(code ErrorCode, message string) *Error {
	return &Error{Code: code, Message: message, Origin: OriginUser, kind: requestKind(code)}
}

// Error says what happened, with the code and who said it.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s (%s, from %s)", e.kind, e.Message, e.Code, e.Origin)
	if e.cause == nil {
		return text
	}
	if cause := e.cause.Error(); !strings.Contains(e.Message, cause) {
		text += ": " + cause
	}
	return text
}

// Unwrap gives the kind of error, one of the Err variables, and the error behind it where there is one, such as that of
// the operating system.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.cause}
}

// RetrySafe reports whether the peer is known not to have processed the request, so that sending it again cannot make
// anything happen twice: nothing of it was handed to the transport, or the peer said that it did not process it
// (REJECTED, or a rejected setup).
func (e *Error) RetrySafe() bool {
	return e.unsent || e.Code == CodeRejected || errors.Is(e.kind, ErrRejectedSetup)
}

// neverLeft reports whether a request was not sent because its connection was over or took no more, which leaves it to
// the next connection.
func neverLeft(err error) bool {
	var known *Error
	if !errors.As(err, &known) || !known.unsent {
		return false
	}
	switch known.kind {
	case ErrConnectionLost, ErrConnectionClosing, ErrClosed, ErrRejectedSetup:
		return true
	default:
		return false
	}
}

// notConnected is the failure of a request for which there was no connection.
func notConnected(why error) error {
	return &Error{
		Code:    CodeRejected,
		Message: "the request was not sent",
		Origin:  OriginLibrary,
		kind:    ErrNotConnected,
		unsent:  true,
		cause:   why,
	}
}

// neverSent is the end of a connection as the error of a request of which nothing was handed to the transport. Other
// errors stay as they are.
func neverSent(reason error) error {
	var known *Error
	if !errors.As(reason, &known) {
		return reason
	}
	unsent := *known
	unsent.unsent = true
	return &unsent
}

// requestKind is the kind of a request's error.
func requestKind(code ErrorCode) error {
	switch code {
	case CodeRejected:
		return ErrRejected
	case CodeCanceled:
		return ErrCanceled
	case CodeInvalid:
		return ErrInvalid
	default:
		return ErrApplication
	}
}

// closeKind is the kind of a connection's error.
func closeKind(origin Origin, code ErrorCode) error {
	switch {
	case origin == OriginUser:
		return ErrClosed
	case code == CodeInvalidSetup || code == CodeUnsupportedSetup || code == CodeRejectedSetup:
		return ErrRejectedSetup
	default:
		return ErrConnectionLost
	}
}

// refusal is the error for a command that the engine did not carry out.
func refusal(result ffi.Result) error {
	switch result {
	case ffi.ResultClosed:
		return ErrClosed
	case ffi.ResultDraining:
		return ErrConnectionClosing
	case ffi.ResultNotReady:
		return ErrNotReady
	case ffi.ResultNoLease:
		return ErrNoLease
	case ffi.ResultSuspended:
		return ErrSuspended
	case ffi.ResultTooManyStreams:
		return ErrTooManyRequests
	case ffi.ResultPayloadTooLarge:
		return ErrPayloadTooLarge
	default:
		return fmt.Errorf("%w: %s", errInternal, result)
	}
}
