package rsocket

import (
	"context"
	"fmt"
	"iter"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// Channel is a request of this side with items in both directions. Send from one goroutine at a time and receive from
// one; the two may differ.
type Channel struct {
	*Stream
}

// RequestChannel opens a channel: the items of source go to the peer as it asks for them, and the peer's items are
// yielded. The first item of source opens the channel, so there has to be one. When source ends, this side of the
// channel is complete, and an error that it yields ends the channel. Leaving the loop, or the end of ctx, cancels the
// channel in both directions. See [Conn.RequestStream] for the rest.
func (c *Conn) RequestChannel(ctx context.Context, source iter.Seq2[*Payload, error], opts ...StreamOption) iter.Seq2[*Payload, error] {
	return func(yield func(*Payload, error) bool) {
		next, stop := iter.Pull2(source)
		first, err, ok := next()
		switch {
		case !ok:
			err = fmt.Errorf("%w: a channel needs a first item", ErrInvalidArgument)
			fallthrough
		case err != nil:
			stop()
			yield(nil, err)
			return
		}
		channel, err := c.OpenChannel(ctx, first, opts...)
		if err != nil {
			stop()
			yield(nil, err)
			return
		}
		c.spawn(func() {
			defer stop()
			channel.sendAll(ctx, next)
		})
		channel.iterate(ctx, yield)
	}
}

// sendAll sends what is left of a source.
func (c *Channel) sendAll(ctx context.Context, next func() (*Payload, error, bool)) {
	for {
		item, err, ok := next()
		switch {
		case !ok:
			c.CloseSend()
			return
		case err != nil:
			c.Fail(err)
			return
		case c.Send(ctx, item) != nil:
			return
		}
	}
}

// OpenChannel is [Conn.RequestChannel] for those who rather call [Channel.Send] and [Stream.Recv]. The channel ends
// with ctx. It is over when both sides have completed it; otherwise it is to be cancelled.
func (c *Conn) OpenChannel(ctx context.Context, first *Payload, opts ...StreamOption) (*Channel, error) {
	stream, err := c.open(ctx, ffi.Command{Kind: ffi.CommandRequestChannel}, first, opts)
	if err != nil {
		return nil, err
	}
	return &Channel{stream}, nil
}

// Send sends an item as soon as the peer asks for one. An error means that it was not sent: the end of ctx, or why
// nothing can be sent on the channel any more.
func (c *Channel) Send(ctx context.Context, item *Payload) error {
	return c.outlet.send(ctx, item)
}

// CloseSend completes this side of the channel; the peer's items go on. Completing again does nothing.
func (c *Channel) CloseSend() {
	if c.outlet.close(errSendingDone) {
		c.conn.submitSmall(ffi.Command{Kind: ffi.CommandComplete, Token: c.token}, "", c.close(1))
	}
}

// Fail ends the channel in both directions; the peer gets err as from a handler that returns it.
func (c *Channel) Fail(err error) {
	failure := asStreamError(err)
	if !c.outlet.close(errSendingDone) {
		return // There is nothing that could fail.
	}
	ended := int32(1)
	if c.inbox.fail(err) {
		ended++
	}
	command := ffi.Command{Kind: ffi.CommandError, Token: c.token, Code: uint32(failure.Code)}
	c.conn.submitSmall(command, cutText(failure.Message, inlineLimit), c.close(ended))
	c.unwatch()
}
