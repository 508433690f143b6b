package rsocket

import (
	"context"
	"fmt"
	"iter"
)

// withConn makes a request on the current connection and, where that is allowed, on later ones until one has taken it.
func withConn[T any](ctx context.Context, r *Reconnector, request func(*Conn) (T, error)) (T, error) {
	var none T
	var refused *Conn
	for {
		conn, err := r.acquire(ctx, refused)
		if err != nil {
			return none, err
		}
		outcome, err := request(conn)
		if err == nil || !neverLeft(err) {
			return outcome, err
		}
		if !r.policy.mayRetry(ctx) {
			return none, notConnected(err)
		}
		refused = conn
	}
}

// withPayload is withConn for a request with a payload, of which there has to be one before anybody waits for it.
func withPayload[T any](ctx context.Context, r *Reconnector, payload *Payload, request func(*Conn) (T, error)) (T, error) {
	if payload == nil {
		var none T
		return none, errNoPayload
	}
	return withConn(ctx, r, request)
}

// acquire is the connection for a request: the current one or, where the request may wait, the next one.
func (r *Reconnector) acquire(ctx context.Context, refused *Conn) (*Conn, error) {
	if conn := r.usable(refused); conn != nil {
		return conn, nil
	}
	if r.policy.mayRetry(ctx) {
		return r.await(ctx, refused)
	}
	if err := ctx.Err(); err != nil {
		return nil, requestError(err)
	}
	return nil, notConnected(r.reason())
}

// reason is why there is no connection.
func (r *Reconnector) reason() error {
	if conn := r.live.Load(); conn != nil && conn.isClosed() {
		return conn.Err() // That it is over has not been noticed yet.
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why
}

// RequestResponse is [Conn.RequestResponse] on the current connection.
func (r *Reconnector) RequestResponse(ctx context.Context, payload *Payload) (*Payload, error) {
	return withPayload(ctx, r, payload, func(conn *Conn) (*Payload, error) { return conn.RequestResponse(ctx, payload) })
}

// FireAndForget is [Conn.FireAndForget] on the current connection. A loss after it returned is not noticed, so it is
// not repeated even where it was not sent.
func (r *Reconnector) FireAndForget(ctx context.Context, payload *Payload) error {
	_, err := withPayload(ctx, r, payload, func(conn *Conn) (struct{}, error) {
		return struct{}{}, conn.FireAndForget(ctx, payload)
	})
	return err
}

// MetadataPush is [Conn.MetadataPush] on the current connection; as to its loss see [Reconnector.FireAndForget].
func (r *Reconnector) MetadataPush(ctx context.Context, metadata []byte) error {
	_, err := withConn(ctx, r, func(conn *Conn) (struct{}, error) {
		return struct{}{}, conn.MetadataPush(ctx, metadata)
	})
	return err
}

// OpenStream is [Conn.OpenStream] on the current connection. When that is lost later, [Stream.Recv] says so, and nothing
// is repeated.
func (r *Reconnector) OpenStream(ctx context.Context, request *Payload, opts ...StreamOption) (*Stream, error) {
	return withPayload(ctx, r, request, func(conn *Conn) (*Stream, error) { return conn.OpenStream(ctx, request, opts...) })
}

// RequestStream is [Conn.RequestStream] on the current connection. A stream that was not sent is sent on the next one
// where that is allowed; one that was ends with its connection.
func (r *Reconnector) RequestStream(ctx context.Context, request *Payload, opts ...StreamOption) iter.Seq2[*Payload, error] {
	return func(yield func(*Payload, error) bool) {
		for {
			stream, err := r.OpenStream(ctx, request, opts...)
			if err != nil {
				yield(nil, err)
				return
			}
			if !r.iterate(ctx, stream, yield) {
				return
			}
			if _, err := r.await(ctx, stream.conn); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// iterate yields a stream's items; true when the stream was never sent and may be sent again.
func (r *Reconnector) iterate(ctx context.Context, stream *Stream, yield func(*Payload, error) bool) (again bool) {
	stream.iterate(ctx, func(item *Payload, err error) bool {
		if !neverLeft(err) {
			return yield(item, err)
		}
		again = r.policy.mayRetry(ctx)
		if !again {
			yield(nil, notConnected(err))
		}
		return false
	})
	return again
}

// OpenChannel is [Conn.OpenChannel] on the current connection; as to its loss see [Reconnector.OpenStream].
func (r *Reconnector) OpenChannel(ctx context.Context, first *Payload, opts ...StreamOption) (*Channel, error) {
	return withPayload(ctx, r, first, func(conn *Conn) (*Channel, error) { return conn.OpenChannel(ctx, first, opts...) })
}

// RequestChannel is [Conn.RequestChannel] on the current connection. Once opened, the channel ends with its connection
// even where it was not sent, as more than the first item may have been taken from source.
func (r *Reconnector) RequestChannel(ctx context.Context, source iter.Seq2[*Payload, error], opts ...StreamOption) iter.Seq2[*Payload, error] {
	return requestChannel(ctx, source, func(first *Payload) (*Channel, error) {
		return r.OpenChannel(ctx, first, opts...)
	})
}

// maxLateRequests bounds the requests with callbacks that wait for a connection, as no context does. They all go out
// when it comes, and this is what a server takes at once by default ([Limits.MaxInboundRequests]).
const maxLateRequests = 4096

// lateRequest is a request with a callback.
type lateRequest struct {
	payload  *Payload
	callback ResponseCallback
}

// RequestResponseFunc is [Conn.RequestResponseFunc] on the current connection. With [ReconnectPolicy.RetryUnsent] it
// waits for the next one without holding the caller up, at most 4096 at a time; one more gives [ErrTooManyRequests].
// Nothing but the end of the reconnector ends that wait.
func (r *Reconnector) RequestResponseFunc(payload *Payload, callback ResponseCallback) error {
	switch {
	case callback == nil:
		return errNoCallback
	case payload == nil:
		return errNoPayload
	}
	return r.submitFunc(lateRequest{payload, callback}, nil)
}

// submitFunc makes a request on the current connection, unless that one has refused it, or lets it wait.
func (r *Reconnector) submitFunc(request lateRequest, refused *Conn) error {
	for {
		conn := r.usable(refused)
		if conn == nil {
			var err error
			if conn, err = r.deferFunc(request, refused); conn == nil {
				return err
			}
		}
		err := conn.RequestResponseFunc(request.payload, r.outcomeOf(request, conn))
		if err == nil || !neverLeft(err) {
			return err
		}
		if !r.policy.RetryUnsent {
			return notConnected(err)
		}
		refused = conn
	}
}

// deferFunc lets a request wait for a connection, or says why it cannot, or returns the connection that came meanwhile.
func (r *Reconnector) deferFunc(request lateRequest, refused *Conn) (*Conn, error) {
	if !r.policy.RetryUnsent {
		return nil, notConnected(r.reason())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return nil, notConnected(r.why)
	}
	if conn := r.usable(refused); conn != nil {
		return conn, nil
	}
	if len(r.late) >= maxLateRequests {
		return nil, fmt.Errorf("%w: %d wait for a connection", ErrTooManyRequests, len(r.late))
	}
	r.late = append(r.late, request)
	return nil, nil
}

// outcomeOf is the callback of a request on a connection: it submits again what was not sent.
func (r *Reconnector) outcomeOf(request lateRequest, conn *Conn) ResponseCallback {
	return func(answer *Payload, err error) {
		if err != nil && neverLeft(err) {
			err = notConnected(err)
			if r.policy.RetryUnsent {
				err = r.submitFunc(request, conn)
			}
			if err == nil {
				return
			}
		}
		request.callback(answer, err)
	}
}

// sendLate makes the requests that wait on a new connection.
func (r *Reconnector) sendLate(conn *Conn) {
	for {
		r.mu.Lock()
		late := r.late
		r.late = nil
		r.mu.Unlock()
		if len(late) == 0 {
			return
		}
		for i, request := range late {
			err := conn.RequestResponseFunc(request.payload, r.outcomeOf(request, conn))
			switch {
			case err == nil:
			case neverLeft(err):
				r.mu.Lock()
				r.late = append(late[i:], r.late...)
				r.mu.Unlock()
				return
			default:
				conn.spawn(func() { request.callback(nil, err) })
			}
		}
	}
}

// failLate ends the requests that no connection came for.
func (r *Reconnector) failLate(reason error) {
	r.mu.Lock()
	late := r.late
	r.late = nil
	r.mu.Unlock()
	for _, request := range late {
		request.callback(nil, reason)
	}
}
