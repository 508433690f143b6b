package rsocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// answerStream has the handler work on a request-stream or request-channel.
func (c *Conn) answerStream(event *ffi.Event, payload *Payload) {
	request := c.newInbound(event, payload)
	request.outlet = &outlet{conn: c, stream: event.Stream, credit: uint64(event.Code)}
	if event.Kind == ffi.EventRequestStream {
		c.noteInbound(request)
		c.work.Go(func() { request.answerItems(request.streamItems) })
		return
	}
	request.inbox = &inbox{}
	request.inbox.init(defaultPrefetch, request.ask)
	request.inbox.put(payload, nil)
	if event.Flags&ffi.FlagComplete != 0 {
		request.inbox.put(nil, io.EOF)
	}
	c.noteInbound(request)
	c.work.Go(func() { request.answerItems(request.channelItems) })
}

// receiveItem hands an item of the peer's channel, its end or its error to the handler.
func (c *Conn) receiveItem(event *ffi.Event, bytes []byte) {
	request := c.findInbound(event.Token)
	if request == nil || request.inbox == nil {
		return
	}
	if event.Kind == ffi.EventRequesterFailed {
		request.inbox.put(nil, c.failure(event, bytes))
		request.outlet.close(errCanceledByPeer)
		request.end(errCanceledByPeer)
		return
	}
	if event.Flags&ffi.FlagNoPayload == 0 {
		request.inbox.put(c.receivedPayload(event, bytes), nil)
	}
	if event.Flags&ffi.FlagComplete != 0 {
		request.inbox.put(nil, io.EOF)
	}
}

// ask sends REQUEST_N for the items of the peer's channel.
func (r *inboundRequest) ask(n uint32) {
	r.conn.submitSmall(ffi.Command{Kind: ffi.CommandRequestN, Stream: r.stream, Code: n}, "", false)
}

// streamItems calls the handler of a request-stream.
func (r *inboundRequest) streamItems() iter.Seq2[*Payload, error] {
	handler := r.conn.handler.RequestStream
	if r.refused {
		return failing(errShuttingDown)
	}
	if handler == nil {
		return failing(NewError(CodeRejected, "request-stream is not supported"))
	}
	return handler(r, r.payload)
}

// channelItems calls the handler of a request-channel, and asks the peer for items.
func (r *inboundRequest) channelItems() iter.Seq2[*Payload, error] {
	handler := r.conn.handler.RequestChannel
	if r.refused {
		return failing(errShuttingDown)
	}
	if handler == nil {
		return failing(NewError(CodeRejected, "request-channel is not supported"))
	}
	if !r.inbox.hasEnded() {
		r.ask(defaultPrefetch)
	}
	return handler(r, r.requests)
}

// requests yields the items of the peer's channel. Leaving the loop tells the peer that no more are wanted.
func (r *inboundRequest) requests(yield func(*Payload, error) bool) {
	defer r.refuseItems()
	r.inbox.yieldAll(r, yield)
}

// refuseItems tells the peer that no more of its items are wanted, unless none come anyway.
func (r *inboundRequest) refuseItems() {
	if r.inbox != nil && r.inbox.fail(errItemsRefused) {
		r.conn.submitSmall(ffi.Command{Kind: ffi.CommandCancelReceiving, Stream: r.stream}, "", false)
	}
}

// errItemsRefused is what a second loop over a channel's requests gets.
var errItemsRefused = errors.New("rsocket: the items of this channel have been refused")

func failing(err error) iter.Seq2[*Payload, error] {
	return func(yield func(*Payload, error) bool) { yield(nil, err) }
}

// answerItems sends what the handler yields, as the peer asks for it.
func (r *inboundRequest) answerItems(items func() iter.Seq2[*Payload, error]) {
	conn := r.conn
	returned := false
	defer conn.answered()
	defer r.end(context.Canceled)
	defer func() {
		if !returned {
			r.failItems(NewError(CodeApplicationError, handlerEnded))
		}
	}()
	err := r.sendItems(items)
	returned = true
	if err == nil {
		if r.outlet.close(errSendingDone) {
			conn.submitSmall(ffi.Command{Kind: ffi.CommandComplete, Stream: r.stream}, "", false)
		}
		r.refuseItems()
		return
	}
	r.failItems(err)
}

// failItems ends the request with an error.
func (r *inboundRequest) failItems(err error) {
	r.outlet.settle(r)
	if r.outlet.close(errSendingDone) {
		failed := asStreamError(err)
		command := ffi.Command{Kind: ffi.CommandError, Stream: r.stream, Code: uint32(failed.Code)}
		r.conn.submitSmall(command, cutText(failed.Message, inlineLimit), false)
	}
	if r.inbox != nil {
		r.inbox.fail(err)
	}
}

// sendItems returns why the items ended: nil when they did by themselves, or nobody wants them.
func (r *inboundRequest) sendItems(items func() iter.Seq2[*Payload, error]) (err error) {
	defer r.conn.recoverHandler("stream", &err)
	for item, err := range items() {
		if err != nil {
			return err
		}
		if item == nil {
			return fmt.Errorf("%w: the handler yielded no item", ErrInvalidArgument)
		}
		if err := r.outlet.send(r, item); err != nil {
			return err
		}
	}
	return nil
}
