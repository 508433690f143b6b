package rsocket

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync/atomic"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// defaultPrefetch is the window of a stream that does not say otherwise.
const defaultPrefetch = 256

// StreamOption changes how items are received on one stream.
type StreamOption func(*streamSettings)

type streamSettings struct {
	prefetch int
	manual   bool
}

// WithPrefetch sets how many items the peer may send ahead of the program, which is also what waits in memory at most.
// Default 256; less than 1 means 1. Items that are few bytes, or come from far away, come faster with more: what is taken is
// asked for again in halves, and for each half threads have to be woken on both sides and a round trip may have to be waited for.
func WithPrefetch(items int) StreamOption {
	return func(s *streamSettings) { s.prefetch = min(max(items, 1), 1<<30) }
}

// WithManualRequests leaves asking for items to [Stream.Request]: the peer sends initial items to begin with and none
// after them until asked.
func WithManualRequests(initial int) StreamOption {
	return func(s *streamSettings) {
		WithPrefetch(initial)(s)
		s.manual = true
	}
}

func newStreamSettings(opts []StreamOption) streamSettings {
	s := streamSettings{prefetch: defaultPrefetch}
	for _, opt := range opts {
		opt(&s)
	}
	return s
}

// Stream is a request of this side whose answer is any number of items. Receive from one goroutine at a time.
type Stream struct {
	conn  *Conn
	token uint64
	// opening is the command that opened it.
	opening opening
	inbox   inbox
	// outlet sends this side's items; that of a request-stream has ended from the beginning.
	outlet outlet
	// open counts the directions that are still open. Whoever ends the last one frees the token.
	open atomic.Int32
	// unwatch ends the watch over the stream's context.
	unwatch func() bool
}

// RequestStream sends a request whose answer is a stream of items. The request is sent when the iteration begins, and
// again with each further one. What the loop takes is asked for again ([WithPrefetch]), so a slow loop slows the peer
// down and nothing else on the connection. Leaving the loop cancels the stream on the wire, and so does the end of ctx,
// which the loop gets as its last error. An error is the last thing that is yielded.
func (c *Conn) RequestStream(ctx context.Context, request *Payload, opts ...StreamOption) iter.Seq2[*Payload, error] {
	return func(yield func(*Payload, error) bool) {
		stream, err := c.OpenStream(ctx, request, opts...)
		if err != nil {
			yield(nil, err)
			return
		}
		stream.iterate(ctx, yield)
	}
}

// OpenStream is [Conn.RequestStream] for those who rather call [Stream.Recv]. The stream ends with ctx, and is to be
// received to its end or cancelled.
func (c *Conn) OpenStream(ctx context.Context, request *Payload, opts ...StreamOption) (*Stream, error) {
	return c.open(ctx, ffi.Command{Kind: ffi.CommandRequestStream}, request, opts)
}

// open starts a request-stream or request-channel.
func (c *Conn) open(ctx context.Context, command ffi.Command, first *Payload, opts []StreamOption) (*Stream, error) {
	if err := c.checkPayload(first); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, requestError(err)
	}
	settings := newStreamSettings(opts)
	stream := &Stream{conn: c}
	stream.inbox.init(settings.prefetch, stream.ask)
	stream.inbox.manual = settings.manual
	stream.outlet.conn = c
	stream.open.Store(2)
	if command.Kind == ffi.CommandRequestStream {
		stream.outlet.end = errSendingDone
		stream.open.Store(1)
	}
	stream.unwatch = func() bool { return false }
	command.Code = uint32(settings.prefetch)
	if err := c.submitStream(ctx, command, stream, first); err != nil {
		return nil, requestError(err)
	}
	if ctx.Done() != nil {
		stream.watch(ctx)
	}
	return stream, nil
}

// watch ends the stream with its context.
func (s *Stream) watch(ctx context.Context) {
	ready := make(chan struct{}) // ctx may end before unwatch is set
	s.unwatch = context.AfterFunc(ctx, func() {
		<-ready
		s.end(requestError(context.Cause(ctx)))
	})
	close(ready)
}

// iterate yields the stream's items and cancels it when the loop leaves.
func (s *Stream) iterate(ctx context.Context, yield func(*Payload, error) bool) {
	defer s.Cancel()
	s.inbox.yieldAll(ctx, yield)
}

// Recv returns the next item, and after the last one io.EOF. Another error is the stream's end as well, except the end
// of this call's own ctx, which leaves the stream as it is.
func (s *Stream) Recv(ctx context.Context) (*Payload, error) {
	item, err := s.inbox.take(ctx)
	if err != nil && s.open.Load() == 0 {
		s.unwatch()
	}
	return item, err
}

// Request asks the peer for n items more. With [WithManualRequests] nobody else does; otherwise it adds to what the
// stream asks for by itself.
func (s *Stream) Request(n int) {
	if n > 0 {
		s.ask(uint32(min(n, 1<<31-1)))
	}
}

// ask sends REQUEST_N.
func (s *Stream) ask(n uint32) {
	s.conn.submitSmall(ffi.Command{Kind: ffi.CommandRequestN, Token: s.token, Code: n}, "", false)
}

// Cancel ends the stream: the peer is told to stop, in both directions, and what was received and not taken is
// dropped. Cancelling an ended stream does nothing.
func (s *Stream) Cancel() {
	s.end(requestError(context.Canceled))
}

// errSendingDone is why nothing more can be sent on a channel that this side has completed.
var errSendingDone = errors.New("rsocket: this side has completed the channel")

// ErrNotWanted: the peer of a channel wants no more items; its own go on.
var ErrNotWanted = errors.New("rsocket: the peer wants no more items")

// close notes that one direction has ended, or both at once; true when the stream is over with that, exactly once.
func (s *Stream) close(directions int32) bool {
	return s.open.Add(-directions) == 0
}

// end ends the stream from this side.
func (s *Stream) end(reason error) {
	if s.fail(reason, s.inbox.fail) {
		s.conn.submitCancel(s.token)
	}
	s.unwatch()
}

// lost ends the stream because its connection did, or the peer failed it; true when it was not over. What has been
// received can still be taken.
func (s *Stream) lost(reason error) bool {
	return s.fail(reason, func(end error) bool { return s.inbox.put(nil, end) })
}

// fail ends what is left of both directions; true when that made the stream over.
func (s *Stream) fail(reason error, endInbox func(error) bool) bool {
	ended := int32(0)
	if endInbox(reason) {
		ended++
	}
	if s.outlet.close(reason) {
		ended++
	}
	return ended > 0 && s.close(ended)
}

// received takes an item, the peer's end, or both; true when the stream is over with that.
func (s *Stream) received(item *Payload, complete bool) bool {
	if !complete {
		s.inbox.put(item, nil)
		return false
	}
	return s.inbox.put(item, io.EOF) && s.close(1)
}

// notWanted ends this side's items, because the peer wants no more; true when the stream is over with that.
func (s *Stream) notWanted() bool {
	return s.outlet.close(ErrNotWanted) && s.close(1)
}
