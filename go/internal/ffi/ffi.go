// Package ffi is the one place where Go meets the C ABI of the Rust engine.
//
// Memory crosses in one direction and for the length of one call. Go lends its buffers to [Connection.Drive], which
// reads some and writes others and keeps none of them. What the engine owns (a connection, its arena) is named by a
// handle or copied before the next call. Records hold no pointers, so passing arrays of them costs no pointer check.
package ffi

// #include "rsocket.h"
// #cgo noescape rsocket_connection_drive
// #cgo nocallback rsocket_connection_drive
import "C"

import (
	"errors"
	"unsafe"
)

// Result is the outcome of a call; 0 is success.
type Result uint32

// The results that the driver tells apart.
const (
	ResultOK              Result = C.RSOCKET_RESULT_OK
	ResultInvalidArgument Result = C.RSOCKET_RESULT_INVALID_ARGUMENT
	ResultPanic           Result = C.RSOCKET_RESULT_PANIC
	ResultOutputTooSmall  Result = C.RSOCKET_RESULT_OUTPUT_TOO_SMALL
	ResultClosed          Result = C.RSOCKET_RESULT_CLOSED
	ResultDraining        Result = C.RSOCKET_RESULT_DRAINING
	ResultNotReady        Result = C.RSOCKET_RESULT_NOT_READY
	ResultTooManyStreams  Result = C.RSOCKET_RESULT_TOO_MANY_STREAMS
	ResultPayloadTooLarge Result = C.RSOCKET_RESULT_PAYLOAD_TOO_LARGE
	ResultNoSuchStream    Result = C.RSOCKET_RESULT_NO_SUCH_STREAM
	ResultNoCredit        Result = C.RSOCKET_RESULT_NO_CREDIT
	ResultNoLease         Result = C.RSOCKET_RESULT_NO_LEASE
	ResultSuspended       Result = C.RSOCKET_RESULT_SUSPENDED
	ResultCannotResume    Result = C.RSOCKET_RESULT_CANNOT_RESUME
)

// String says what the result means.
func (r Result) String() string {
	return C.GoString(C.rsocket_result_text(C.uint32_t(r)))
}

// Version is the version of the linked library, such as "0.8.0".
func Version() string {
	return C.GoString(C.rsocket_version())
}

// HeaderVersion is the version of the header that this package was compiled with.
func HeaderVersion() (major, minor, patch int) {
	return C.RSOCKET_VERSION_MAJOR, C.RSOCKET_VERSION_MINOR, C.RSOCKET_VERSION_PATCH
}

// Connection is one connection of the engine. It is used by one goroutine at a time.
type Connection struct {
	handle *C.rsocket_connection
}

var errNoConnection = errors.New("the engine made no connection")

// NewConnection makes a connection whose transport was opened at now, in nanoseconds of the caller's clock.
// It is to be freed.
func NewConnection(config *Config, now int64) (*Connection, error) {
	made, err := config.make()
	if err != nil {
		return nil, err
	}
	defer C.rsocket_config_free(made)
	handle := C.rsocket_connection_new(made, C.uint64_t(now))
	if handle == nil {
		return nil, errNoConnection
	}
	return &Connection{handle: handle}, nil
}

// Free gives the connection back. It must not be used afterwards; freeing it twice does nothing.
func (c *Connection) Free() {
	C.rsocket_connection_free(c.handle)
	c.handle = nil
}

// Turn is what one call of Drive takes and gives.
type Turn struct {
	// Now is the time in nanoseconds of the caller's clock.
	Now int64
	// Received holds bytes from the peer.
	Received []byte
	// Commands and the bytes that they refer to.
	Commands     []Command
	CommandBytes []byte
	// Events, Output and Segments have room for what comes back.
	Events   []Event
	Output   []byte
	Segments []Segment
}

// Drive takes what there is in both directions; see rsocket_connection_drive in rsocket.h.
func (c *Connection) Drive(turn *Turn, progress *Progress) Result {
	return Result(C.rsocket_connection_drive(
		c.handle,
		C.uint64_t(turn.Now),
		(*C.uint8_t)(unsafe.SliceData(turn.Received)),
		C.size_t(len(turn.Received)),
		(*C.rsocket_command)(unsafe.Pointer(unsafe.SliceData(turn.Commands))),
		C.size_t(len(turn.Commands)),
		(*C.uint8_t)(unsafe.SliceData(turn.CommandBytes)),
		C.size_t(len(turn.CommandBytes)),
		(*C.rsocket_event)(unsafe.Pointer(unsafe.SliceData(turn.Events))),
		C.size_t(len(turn.Events)),
		(*C.uint8_t)(unsafe.SliceData(turn.Output)),
		C.size_t(len(turn.Output)),
		(*C.rsocket_segment)(unsafe.Pointer(unsafe.SliceData(turn.Segments))),
		C.size_t(len(turn.Segments)),
		(*C.rsocket_progress)(unsafe.Pointer(progress)),
	))
}

// Arena copies the memory that events with FlagArena refer to, after a turn whose progress says how long it is.
func (c *Connection) Arena(progress *Progress) []byte {
	if progress.ArenaLen == 0 {
		return nil
	}
	return copyBytes(C.rsocket_connection_arena(c.handle), C.size_t(progress.ArenaLen))
}

// CloseReason tells who ended a connection, and why.
type CloseReason struct {
	Origin  uint32
	Code    uint32
	Message string
}

// CloseReason tells why the connection is over; false while it is not.
func (c *Connection) CloseReason() (CloseReason, bool) {
	var reason C.rsocket_close_reason
	if C.rsocket_connection_close_reason(c.handle, &reason) != C.RSOCKET_RESULT_OK {
		return CloseReason{}, false
	}
	return CloseReason{
		Origin:  uint32(reason.origin),
		Code:    uint32(reason.code),
		Message: string(copyBytes(reason.message, reason.message_len)),
	}, true
}

// Setup is what a client proposes.
type Setup struct {
	KeepaliveIntervalMS uint32
	MaxLifetimeMS       uint32
	MetadataMIME        string
	DataMIME            string
	Metadata            []byte
	HasMetadata         bool
	Data                []byte
	ResumeToken         []byte
	HasResumeToken      bool
}

// Setup tells what the client proposes; false before its SETUP arrived.
func (c *Connection) Setup() (Setup, bool) {
	var setup C.rsocket_setup
	if C.rsocket_connection_setup(c.handle, &setup) != C.RSOCKET_RESULT_OK {
		return Setup{}, false
	}
	return Setup{
		KeepaliveIntervalMS: uint32(setup.keepalive_interval_ms),
		MaxLifetimeMS:       uint32(setup.max_lifetime_ms),
		MetadataMIME:        string(copyBytes(setup.metadata_mime, setup.metadata_mime_len)),
		DataMIME:            string(copyBytes(setup.data_mime, setup.data_mime_len)),
		Metadata:            copyBytes(setup.metadata, setup.metadata_len),
		HasMetadata:         bool(setup.has_metadata),
		Data:                copyBytes(setup.data, setup.data_len),
		ResumeToken:         copyBytes(setup.resume_token, setup.resume_token_len),
		HasResumeToken:      bool(setup.has_resume_token),
	}, true
}

// ResumeRequest is what a client wants to go on with.
type ResumeRequest struct {
	Token                        []byte
	LastReceivedServerPosition   uint64
	FirstAvailableClientPosition uint64
}

// ResumeRequest tells what the client wants to go on with; false before its RESUME arrived.
func (c *Connection) ResumeRequest() (ResumeRequest, bool) {
	var request C.rsocket_resume_request
	if C.rsocket_connection_resume_request(c.handle, &request) != C.RSOCKET_RESULT_OK {
		return ResumeRequest{}, false
	}
	return ResumeRequest{
		Token:                        copyBytes(request.token, request.token_len),
		LastReceivedServerPosition:   uint64(request.last_received_server_position),
		FirstAvailableClientPosition: uint64(request.first_available_client_position),
	}, true
}

// TransportLost notes that the transport is gone; ResultOK when the connection waits for another one.
func (c *Connection) TransportLost(now int64) Result {
	return Result(C.rsocket_connection_transport_lost(c.handle, C.uint64_t(now)))
}

// BeginResume goes on with a client's connection over another transport.
func (c *Connection) BeginResume(now int64) Result {
	return Result(C.rsocket_connection_begin_resume(c.handle, C.uint64_t(now)))
}

// Resume goes on with a server's connection over another transport, on which its client sent this.
func (c *Connection) Resume(now int64, request ResumeRequest) Result {
	return Result(C.rsocket_connection_resume(c.handle, C.uint64_t(now),
		C.uint64_t(request.LastReceivedServerPosition), C.uint64_t(request.FirstAvailableClientPosition)))
}

// copyBytes copies memory of the engine into memory of Go.
func copyBytes(from *C.uint8_t, size C.size_t) []byte {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(from)), int(size))
	// The compiler joins these two lines into one allocation that is not cleared first.
	copied := make([]byte, len(bytes))
	copy(copied, bytes)
	return copied
}
