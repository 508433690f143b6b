package rsocket

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// NewHTTPHandler lets a server's clients in over WebSocket, beside the other routes of a site:
//
//	mux.Handle("/rsocket", rsocket.NewHTTPHandler(server))
//
// A request that does not ask for a WebSocket, or not as the server's options want it, is answered with a status. The
// handler returns when the connection is over. The contexts of the server's [Handler] have the values of the request's
// context, so middleware can pass on who is asking. It needs HTTP/1.1, with or without TLS; [Server.Shutdown] ends the
// connections, which [http.Server.Shutdown] does not know of.
func NewHTTPHandler(server *Server) http.Handler {
	return &httpHandler{server}
}

type httpHandler struct {
	server *Server
}

func (h *httpHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := h.server
	if !s.beginWork() {
		http.Error(w, "the server is shutting down", http.StatusServiceUnavailable)
		return
	}
	defer s.work.Done()
	if r.ProtoMajor != 1 {
		http.Error(w, "a WebSocket is asked for with HTTP/1.1", http.StatusHTTPVersionNotSupported)
		return
	}
	layer, err := s.settings.serverLayer()
	if err != nil {
		s.settings.logger.Error("connection not started", "remote", r.RemoteAddr, "reason", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	nc, err := upgrade(w, r, layer)
	if err != nil {
		layer.Free()
		s.settings.logger.Debug("connection not opened", "remote", r.RemoteAddr, "reason", err)
		return
	}
	if conn := s.serveOne(requestContext{s.ctx, r.Context()}, nc); conn != nil {
		conn.work.Wait()
	}
}

// upgrade has the layer answer a request. Where that is let in, it takes the connection over.
func upgrade(w http.ResponseWriter, r *http.Request, layer *ffi.Layer) (*layeredConn, error) {
	output, err := layer.Receive(requestHead(r))
	// The layer's memory is lent until the next call.
	answer := bytes.Clone(output.Wire)
	if err != nil {
		passOn(w, r, answer)
		return nil, layerFailure(err)
	}
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "a WebSocket is not possible here", http.StatusNotImplemented)
		return nil, err
	}
	// The server may have set deadlines for the request.
	_ = nc.SetDeadline(time.Time{})
	return newUpgradedConn(nc, layer, answer, buffered.Reader), nil
}

// newUpgradedConn is for a layer that has taken a request. The answer is still to be written, and what the client has
// sent since then is in the buffer.
func newUpgradedConn(nc net.Conn, layer *ffi.Layer, answer []byte, buffered *bufio.Reader) *layeredConn {
	if rest, _ := buffered.Peek(buffered.Buffered()); len(rest) > 0 {
		nc = &prefixedConn{Conn: nc, prefix: bytes.Clone(rest)}
	}
	conn := newLayeredConn(nc, layer)
	conn.started, conn.open = true, true
	conn.out = &layerBuffer{answer}
	return conn
}

// requestHead is the head of a request as it was on the wire, except for the order and the case of its headers.
func requestHead(r *http.Request) []byte {
	var head bytes.Buffer
	fmt.Fprintf(&head, "%s %s HTTP/%d.%d\r\nHost: %s\r\n", r.Method, r.URL.RequestURI(), r.ProtoMajor, r.ProtoMinor, r.Host)
	_ = r.Header.WriteSubset(&head, map[string]bool{"Host": true}) // A buffer takes everything.
	head.WriteString("\r\n")
	return head.Bytes()
}

// passOn gives the client the layer's answer, which is a whole response.
func passOn(w http.ResponseWriter, r *http.Request, answer []byte) {
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), r)
	if err != nil {
		http.Error(w, "the request is not one for a WebSocket", http.StatusBadRequest)
		return
	}
	defer func() { _ = response.Body.Close() }()
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}

// requestContext ends with the server and has the values of a request too.
type requestContext struct {
	context.Context
	request context.Context
}

// Value looks in the server's context first, which is also where package context finds what it ends with.
func (c requestContext) Value(key any) any {
	if value := c.Context.Value(key); value != nil {
		return value
	}
	return c.request.Value(key)
}

// prefixedConn is a transport of which some bytes have been read already.
type prefixedConn struct {
	net.Conn
	prefix []byte
}

// Read reads those first.
func (c *prefixedConn) Read(p []byte) (int, error) {
	if len(c.prefix) > 0 {
		n := copy(p, c.prefix)
		c.prefix = c.prefix[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite ends the half of the transport that this side sends on.
func (c *prefixedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Conn.Close()
}
