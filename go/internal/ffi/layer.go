package ffi

// #include "rsocket.h"
// #cgo noescape rsocket_layer_receive
// #cgo nocallback rsocket_layer_receive
// #cgo noescape rsocket_layer_send
// #cgo nocallback rsocket_layer_send
import "C"

import (
	"fmt"
	"strings"
	"unsafe"
)

// Results of layers.
const (
	ResultNotBuilt         Result = C.RSOCKET_RESULT_NOT_BUILT
	ResultHandshakeRefused Result = C.RSOCKET_RESULT_HANDSHAKE_REFUSED
	ResultCutOff           Result = C.RSOCKET_RESULT_CUT_OFF
	ResultNotOpen          Result = C.RSOCKET_RESULT_NOT_OPEN
)

// Layer is what is between a connection's bytes and a transport, such as one side of a WebSocket. It is used by one
// goroutine at a time.
type Layer struct {
	handle *C.rsocket_layer
}

// LayerOutput is what a call for a layer brought. The slices are the engine's memory: they are to be copied before the
// next call.
type LayerOutput struct {
	// Plain is for the connection, Wire for the transport.
	Plain, Wire []byte
	// Open: the handshake is over, and Send takes bytes.
	Open bool
	// ClosedByPeer: nothing more will be received.
	ClosedByPeer bool
}

// WebSocketClient is what a client asks for.
type WebSocketClient struct {
	Host, Path string
	// Headers are lines of the request.
	Headers       []string
	Subprotocols  []string
	MaxMessageLen int
}

// NewLayer makes the layer, to be freed.
func (w *WebSocketClient) NewLayer() (*Layer, error) {
	headers, subprotocols := lines(w.Headers), lines(w.Subprotocols)
	var layer Layer
	result := C.rsocket_layer_new_websocket_client(
		stringData(w.Host), C.size_t(len(w.Host)),
		stringData(w.Path), C.size_t(len(w.Path)),
		stringData(headers), C.size_t(len(headers)),
		stringData(subprotocols), C.size_t(len(subprotocols)),
		C.uint64_t(w.MaxMessageLen), &layer.handle)
	if err := check(result, "WebSocket"); err != nil {
		return nil, err
	}
	return &layer, nil
}

// WebSocketServer is whom a server lets in. Without hosts or paths it is each.
type WebSocketServer struct {
	Origins, Hosts, Paths []string
	Subprotocols          []string
	MaxMessageLen         int
}

// NewLayer makes the layer of one connection, to be freed.
func (w *WebSocketServer) NewLayer() (*Layer, error) {
	origins, hosts, paths, subprotocols := lines(w.Origins), lines(w.Hosts), lines(w.Paths), lines(w.Subprotocols)
	var layer Layer
	result := C.rsocket_layer_new_websocket_server(
		stringData(origins), C.size_t(len(origins)),
		stringData(hosts), C.size_t(len(hosts)),
		stringData(paths), C.size_t(len(paths)),
		stringData(subprotocols), C.size_t(len(subprotocols)),
		C.uint64_t(w.MaxMessageLen), 0, &layer.handle)
	if err := check(result, "WebSocket"); err != nil {
		return nil, err
	}
	return &layer, nil
}

func lines(values []string) string {
	return strings.Join(values, "\n")
}

func stringData(text string) *C.uint8_t {
	return (*C.uint8_t)(unsafe.StringData(text))
}

// Free gives the layer back. It must not be used afterwards; freeing it twice does nothing.
func (l *Layer) Free() {
	C.rsocket_layer_free(l.handle)
	l.handle = nil
}

// Start says the layer's first word, if this side has it.
func (l *Layer) Start() (LayerOutput, error) {
	var output C.rsocket_layer_output
	return l.outcome(C.rsocket_layer_start(l.handle, &output), &output)
}

// Receive takes bytes that the transport brought.
func (l *Layer) Receive(bytes []byte) (LayerOutput, error) {
	var output C.rsocket_layer_output
	result := C.rsocket_layer_receive(l.handle,
		(*C.uint8_t)(unsafe.SliceData(bytes)), C.size_t(len(bytes)), &output)
	return l.outcome(result, &output)
}

// Send takes bytes from the connection, cut anywhere.
func (l *Layer) Send(plain []byte) (LayerOutput, error) {
	var output C.rsocket_layer_output
	result := C.rsocket_layer_send(l.handle,
		(*C.uint8_t)(unsafe.SliceData(plain)), C.size_t(len(plain)), &output)
	return l.outcome(result, &output)
}

// Close ends what this side sends.
func (l *Layer) Close() (LayerOutput, error) {
	var output C.rsocket_layer_output
	return l.outcome(C.rsocket_layer_close(l.handle, &output), &output)
}

// End notes that the transport has ended; an error where something may be missing.
func (l *Layer) End() error {
	if result := C.rsocket_layer_end(l.handle); result != C.RSOCKET_RESULT_OK {
		return l.failure(Result(result))
	}
	return nil
}

// outcome is what a call brought, also where it failed: then it is what was received before, and what the peer is to be
// told. It gets the raw result because cgo names the enum's type differently in each package file.
func (l *Layer) outcome(result C.rsocket_result, output *C.rsocket_layer_output) (LayerOutput, error) {
	if result == C.RSOCKET_RESULT_OK {
		return lent(output), nil
	}
	err := l.failure(Result(result))
	if C.rsocket_layer_last_output(l.handle, output) != C.RSOCKET_RESULT_OK {
		return LayerOutput{}, err
	}
	return lent(output), err
}

func lent(output *C.rsocket_layer_output) LayerOutput {
	return LayerOutput{
		Plain:        unsafe.Slice((*byte)(unsafe.Pointer(output.plain)), int(output.plain_len)),
		Wire:         unsafe.Slice((*byte)(unsafe.Pointer(output.wire)), int(output.wire_len)),
		Open:         output.flags&C.RSOCKET_LAYER_OPEN != 0,
		ClosedByPeer: output.flags&C.RSOCKET_LAYER_CLOSED_BY_PEER != 0,
	}
}

// LayerError is why a layer cannot go on.
type LayerError struct {
	Result  Result
	Message string
}

// Error says what happened and why.
func (e *LayerError) Error() string {
	return fmt.Sprintf("%s: %s", e.Result, e.Message)
}

func (l *Layer) failure(result Result) error {
	var known C.rsocket_layer_error
	if C.rsocket_layer_last_error(l.handle, &known) != C.RSOCKET_RESULT_OK || Result(known.result) != result {
		return &LayerError{Result: result, Message: "no more is known"}
	}
	return &LayerError{Result: result, Message: string(copyBytes(known.message, known.message_len))}
}
