package rsocket

import (
	"fmt"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// handleEvents acts on what the engine says. Events point into received or into arena. inline collects what the
// reader runs afterwards; without it, each callback gets a goroutine, which only the rare paths do.
func (c *Conn) handleEvents(events []ffi.Event, received, arena []byte, inline *inlineRunner) {
	// The requests that ended here, whose indices are freed together. Their tokens are kept in events that have been acted on,
	// as an array of their own would cost every connection a larger stack.
	ended := 0
	for i := range events {
		event := &events[i]
		bytes := received
		if event.Flags&ffi.FlagArena != 0 {
			bytes = arena
		}
		switch event.Kind {
		case ffi.EventResponse, ffi.EventFailed, ffi.EventRefused, ffi.EventNoMoreWanted:
			if !c.endRequest(event, bytes, inline) {
				continue
			}
			events[ended].Token = event.Token
			if ended++; ended == maxFreed {
				c.releaseCalls(events[:ended])
				ended = 0
			}
		case ffi.EventRequestResponse:
			c.answerRequest(event, c.receivedPayload(event, bytes))
		case ffi.EventRequestStream, ffi.EventRequestChannel:
			c.answerStream(event, c.receivedPayload(event, bytes))
		case ffi.EventItem, ffi.EventRequesterFailed:
			c.receiveItem(event, bytes)
		case ffi.EventGranted:
			c.granted(event)
		case ffi.EventFireAndForget:
			c.takeFireAndForget(c.receivedPayload(event, bytes))
		case ffi.EventMetadataPush:
			c.takeMetadataPush(c.receivedPayload(event, bytes))
		case ffi.EventCancelled:
			c.cancelInbound(event)
		case ffi.EventLease:
			c.heardLease(event, bytes)
		case ffi.EventReleased:
			c.releasePayload(event.Token)
		case ffi.EventSetup:
			c.decideSetup()
		case ffi.EventDraining:
			c.logger.Debug("the peer is closing the connection", "remote", c.RemoteAddr())
		case ffi.EventResume:
			c.reader.handOver = true
		case ffi.EventResumed:
			c.resumed()
		case ffi.EventSuspended:
			c.session.silent()
		case ffi.EventClosed:
			c.coreClosed()
		}
	}
	if ended > 0 {
		c.releaseCalls(events[:ended])
	}
	if inline != nil {
		c.placeCalls()
	}
}

// maxFreed is how many requests end before their indices are freed.
const maxFreed = 64

func (c *Conn) releaseCalls(ended []ffi.Event) {
	c.queue.mu.Lock()
	for i := range ended {
		c.queue.calls.release(ended[i].Token)
	}
	c.queue.noteDrained(c.answering.Load())
	c.queue.mu.Unlock()
}

// endRequest acts on what happened to a request of this side; true when it has ended with that.
func (c *Conn) endRequest(event *ffi.Event, bytes []byte, inline *inlineRunner) bool {
	if event.Kind == ffi.EventRefused && event.Flags&ffi.FlagExternal != 0 {
		c.releasePayload(event.Token)
	}
	if stream := c.queue.calls.findStream(event.Token); stream != nil {
		return c.streamEvent(stream, event, bytes)
	}
	return c.endCall(event, bytes, inline)
}

// streamEvent acts on what happened to a stream of this side; true when it is over with that.
func (c *Conn) streamEvent(stream *Stream, event *ffi.Event, bytes []byte) bool {
	switch event.Kind {
	case ffi.EventResponse:
		var item *Payload
		if event.Flags&ffi.FlagNoPayload == 0 {
			item = c.receivedPayload(event, bytes)
		}
		return stream.received(item, event.Flags&ffi.FlagComplete != 0)
	case ffi.EventFailed:
		return stream.lost(c.failure(event, bytes))
	case ffi.EventNoMoreWanted:
		return stream.notWanted()
	case ffi.EventRefused:
		if ffi.Result(event.Code) == ffi.ResultNoSuchStream {
			return false // The end of what this side sends crossed the peer's word that it wants no more.
		}
		return stream.lost(c.refused(ffi.Result(event.Code)))
	default:
		return false
	}
}

// granted notes that the peer asked for items.
func (c *Conn) granted(event *ffi.Event) {
	if event.Flags&ffi.FlagResponder == 0 {
		if stream := c.queue.calls.findStream(event.Token); stream != nil {
			stream.outlet.add(event.Stream, event.Code)
		}
		return
	}
	if request := c.findInbound(event.Token); request != nil && request.outlet != nil {
		request.outlet.add(event.Stream, event.Code)
	}
}

// endCall gives a request its outcome; false when it has been cancelled, or the event is about no call.
func (c *Conn) endCall(event *ffi.Event, bytes []byte, inline *inlineRunner) bool {
	if event.Kind == ffi.EventRefused && (event.Token == 0 || event.Token >= fireAndForgetTokens || event.Stream != 0) {
		c.notSent(event)
		return false
	}
	waiting := c.queue.calls.take(event.Token)
	if waiting == nil {
		return false
	}
	switch event.Kind {
	case ffi.EventResponse:
		if event.Flags&ffi.FlagNoPayload == 0 {
			waiting.payload = c.receivedPayload(event, bytes)
		}
	case ffi.EventFailed:
		waiting.err = c.failure(event, bytes)
	case ffi.EventRefused:
		waiting.err = c.refused(ffi.Result(event.Code))
	}
	if waiting.callback == nil {
		waiting.done <- struct{}{}
		return true
	}
	ended := endedCall{waiting.callback, waiting.payload, waiting.err}
	c.queue.calls.recycle(waiting)
	if inline == nil {
		c.spawn(ended.run)
	} else {
		inline.add(ended)
	}
	return true
}

// notSent acts on the refusal of what is no request with an answer.
func (c *Conn) notSent(event *ffi.Event) {
	c.logger.Debug("not sent", "stream", event.Stream, "reason", ffi.Result(event.Code))
	if event.Token >= fireAndForgetTokens && c.flusher.batch != nil {
		// Only the flusher hears of these.
		c.flusher.batch.tell(event.Token, c.refused(ffi.Result(event.Code)))
	}
}

// failure is the error of a request that failed with an ERROR frame, or inside the engine.
func (c *Conn) failure(event *ffi.Event, bytes []byte) error {
	code := ErrorCode(event.Code)
	message := bytes[event.Offset+event.MetadataLen:][:event.DataLen]
	origin := OriginPeer
	if event.Flags&ffi.FlagLibrary != 0 {
		origin = OriginLibrary
	}
	return &Error{Code: code, Message: string(message), Origin: origin, kind: requestKind(code)}
}

// refused is the error of a request that never left.
func (c *Conn) refused(result ffi.Result) error {
	if result == ffi.ResultClosed {
		if reason, ok := c.engine.closeReason(); ok {
			return neverSent(closeError(reason))
		}
	}
	return &Error{
		Code:    CodeRejected,
		Message: result.String(),
		Origin:  OriginLibrary,
		kind:    refusal(result),
		unsent:  true,
	}
}

// coreClosed ends the connection for the reason that the core has.
func (c *Conn) coreClosed() {
	reason, ok := c.engine.closeReason()
	if !ok {
		return
	}
	c.terminate(closeError(reason))
}

func closeError(reason ffi.CloseReason) error {
	origin, code := Origin(reason.Origin), ErrorCode(reason.Code)
	return &Error{Code: code, Message: reason.Message, Origin: origin, kind: closeKind(origin, code)}
}

// receivedPayload gives an event's payload memory of its own: a copy, or where it is most of that, its part of the arena,
// which belongs to nobody else (engine.drive), or of the reader's buffer.
func (c *Conn) receivedPayload(event *ffi.Event, bytes []byte) *Payload {
	size := int(event.MetadataLen) + int(event.DataLen)
	whole := bytes[event.Offset:][:size:size]
	metadata, data := whole[:event.MetadataLen:event.MetadataLen], whole[event.MetadataLen:]
	hasMetadata := event.Flags&ffi.FlagMetadata != 0
	if event.Flags&ffi.FlagArena != 0 {
		if 2*len(whole) >= len(bytes) {
			return newOwned(whole, len(metadata), hasMetadata)
		}
	} else if size >= minCeded {
		if memory, ok := c.reader.cede(int(event.Offset), size); ok {
			payload := newOwned(whole, len(metadata), hasMetadata)
			payload.memory = memory
			return payload
		}
	}
	return newReceived(metadata, data, hasMetadata)
}

// decideSetup asks the handler whether a client may connect, and tells the engine.
func (c *Conn) decideSetup() {
	c.reader.renew = true // What may have a handler below it goes deep, and comes once.
	err := c.askSetup()
	if err == nil {
		err = c.beginSession()
	}
	if err == nil {
		c.command(ffi.Command{Kind: ffi.CommandAcceptSetup}, "")
		c.startLeasing()
		if c.opened != nil {
			close(c.opened)
		}
		return
	}
	rejection := asError(err, CodeRejectedSetup)
	if kind := closeKind(OriginPeer, rejection.Code); kind != ErrRejectedSetup {
		rejection.Code = CodeRejectedSetup
	}
	c.logger.Debug("setup rejected", "remote", c.RemoteAddr(), "reason", err)
	c.command(ffi.Command{Kind: ffi.CommandRejectSetup, Code: uint32(rejection.Code)}, rejection.Message)
}

func (c *Conn) askSetup() (err error) {
	if c.handler.Setup == nil {
		return nil
	}
	proposed, ok := c.engine.setup()
	if !ok {
		return fmt.Errorf("%w: no setup", errInternal)
	}
	defer func() {
		if recovered := recover(); recovered != nil {
			c.logger.Error("setup handler panicked", "panic", recovered)
			err = NewError(CodeRejectedSetup, "the server could not decide")
		}
	}()
	ctx, cancel := contextWithTimeout(c.context(), c.limits.setupTimeout)
	defer cancel()
	return c.handler.Setup(ctx, newSetup(proposed), c)
}
