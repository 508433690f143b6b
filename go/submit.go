package rsocket

import (
	"context"
	"sync"
	"unicode/utf8"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// queue collects what goroutines want sent. Whoever finds nobody flushing becomes the flusher (flush.go); the others
// have their commands taken along. It is bounded: when the batch is full, callers wait with their context.
type queue struct {
	mu sync.Mutex
	// batch is nil while nothing waits.
	batch *batch
	calls callTable
	// flushing: somebody is the flusher.
	flushing bool
	// kicked: the engine has output of its own.
	kicked bool
	// corked: the reader runs callbacks, and what they submit goes out together afterwards.
	corked bool
	// released are tokens of payloads that the flusher need not keep any longer.
	released []uint64
	// inline: payloads are copied whatever their size, as the engine keeps them for later.
	inline bool
	// closed is why nothing is taken any more.
	closed error
	// draining: no new requests; drained is closed when the last one has ended.
	draining bool
	drained  chan struct{}
	// over: the reader has left, so the connection's goroutines may have been waited for.
	over bool
	// room is closed when the batch is taken; nil while nobody waits for that.
	room chan struct{}
	// sequence names payloads of fire-and-forgets.
	sequence uint32
}

// Payloads in the caller's memory are named by tokens of the engine's commands. A request's own token names its
// payload; those of answers and fire-and-forgets are told apart by the top bits, which generations leave free.
const (
	answerTokens        = 1 << 63
	fireAndForgetTokens = 1 << 62
	itemTokens          = answerTokens | fireAndForgetTokens
)

// lockForPayload returns with the queue locked and room in the batch, or with an error and unlocked.
func (q *queue) lockForPayload(ctx context.Context, size int) error {
	q.mu.Lock()
	for {
		if q.closed != nil {
			q.mu.Unlock()
			return q.closed
		}
		if q.batch == nil {
			q.batch = newBatch(q.inline)
		}
		if q.batch.fits(size) {
			return nil
		}
		if q.room == nil {
			q.room = make(chan struct{})
		}
		room := q.room
		q.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
		q.mu.Lock()
	}
}

// copyAll has payloads copied from now on.
func (q *queue) copyAll() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inline = true
	if q.batch != nil {
		q.batch.inline = true
	}
}

// becomeFlusher reports whether the caller now has to flush. Called with the lock held.
func (q *queue) becomeFlusher() bool {
	if q.flushing {
		return false
	}
	q.flushing = true
	return true
}

// queueState is what the flusher finds in the queue.
type queueState int

const (
	// queueHadWork: the flusher goes on.
	queueHadWork queueState = iota
	// queueEmpty: the flusher's role has ended.
	queueEmpty
	// queueEnded: so it has, and nothing will be submitted any more.
	queueEnded
)

// take hands the flusher what waits. When nothing does, the flusher's role ends, and its state is the next one's.
func (q *queue) take(f *flusher) (*batch, queueState) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, token := range q.released {
		delete(f.payloads, token)
	}
	q.released = q.released[:0]
	if q.batch == nil && !q.kicked {
		f.release()
		q.flushing = false
		if q.closed != nil {
			return nil, queueEnded
		}
		q.noteDrained(f.answering.Load())
		return nil, queueEmpty
	}
	taken := q.batch
	q.batch, q.kicked = nil, false
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
	return taken, queueHadWork
}

// submitRequest starts a request-response. The call is claimed by nobody when it returns an error.
func (c *Conn) submitRequest(ctx context.Context, waiting *call, payload *Payload) (token uint64, err error) {
	if err := c.queue.lockForPayload(ctx, payload.Len()); err != nil {
		return 0, err
	}
	if c.queue.draining {
		c.queue.mu.Unlock()
		return 0, errDraining
	}
	token, ok := c.queue.calls.add(waiting)
	if !ok {
		c.queue.mu.Unlock()
		return 0, ErrTooManyRequests
	}
	command := ffi.Command{Kind: ffi.CommandRequestResponse, Token: token}
	c.queue.batch.add(command, payload, token)
	if waiting.callback == nil || c.queue.calls.open.Load() == 1 {
		c.unlockAndFlush()
	} else {
		c.unlockAndFlushSoon()
	}
	return token, nil
}

// submitStream starts a request-stream or request-channel.
func (c *Conn) submitStream(ctx context.Context, command ffi.Command, stream *Stream, first *Payload) error {
	if err := c.queue.lockForPayload(ctx, first.Len()); err != nil {
		return err
	}
	if c.queue.draining {
		c.queue.mu.Unlock()
		return errDraining
	}
	if !c.queue.calls.addStream(stream) {
		c.queue.mu.Unlock()
		return ErrTooManyRequests
	}
	command.Token = stream.token
	c.queue.batch.add(command, first, stream.token)
	c.unlockAndFlush()
	return nil
}

// submitItem sends an item for which there is credit. Whoever sends one is likely to send more, so it does not flush
// by itself.
func (c *Conn) submitItem(ctx context.Context, stream uint32, item *Payload) error {
	if err := c.queue.lockForPayload(ctx, item.Len()); err != nil {
		return err
	}
	c.queue.sequence++
	token := itemTokens | uint64(c.queue.sequence)
	c.queue.batch.add(ffi.Command{Kind: ffi.CommandItem, Stream: stream, Token: token}, item, token)
	c.unlockAndFlushSoon()
	return nil
}

// submitMetadataPush queues a METADATA_PUSH.
func (c *Conn) submitMetadataPush(ctx context.Context, metadata []byte) error {
	if err := c.queue.lockForPayload(ctx, min(len(metadata), inlineLimit)); err != nil {
		return err
	}
	c.queue.batch.addCopied(ffi.Command{Kind: ffi.CommandMetadataPush}, metadata)
	c.unlockAndFlush()
	return nil
}

// submitSmall queues a command that always finds room: what asks for it is bounded itself, such as open streams. When
// the stream is over with it, its token is free.
func (c *Conn) submitSmall(command ffi.Command, message string, over bool) {
	q := &c.queue
	q.mu.Lock()
	if over {
		q.calls.release([]uint64{command.Token})
	}
	if q.closed != nil {
		q.mu.Unlock()
		return
	}
	if q.batch == nil {
		q.batch = newBatch(q.inline)
	}
	q.batch.addCopied(command, []byte(message))
	c.unlockAndFlush()
}

// submitFireAndForget queues a fire-and-forget.
func (c *Conn) submitFireAndForget(ctx context.Context, payload *Payload) error {
	if err := c.queue.lockForPayload(ctx, payload.Len()); err != nil {
		return err
	}
	if c.queue.draining {
		c.queue.mu.Unlock()
		return errDraining
	}
	c.queue.sequence++
	token := fireAndForgetTokens | uint64(c.queue.sequence)
	c.queue.batch.add(ffi.Command{Kind: ffi.CommandFireAndForget, Token: token}, payload, token)
	c.unlockAndFlushSoon()
	return nil
}

// submitCancel withdraws a request that the caller has claimed, and frees its index. There is always room for it: the
// requests that can be cancelled are bounded themselves.
func (c *Conn) submitCancel(token uint64) {
	c.submitSmall(ffi.Command{Kind: ffi.CommandCancel, Token: token}, "", true)
}

// submitAnswer queues the answer to a request of the peer; nil completes it without a payload.
func (c *Conn) submitAnswer(stream uint32, payload *Payload) error {
	if err := c.queue.lockForPayload(c.ctx, payload.Len()); err != nil {
		return err
	}
	command := ffi.Command{Kind: ffi.CommandRespond, Stream: stream}
	if payload == nil {
		command.Flags = ffi.FlagNoPayload
	}
	c.queue.batch.add(command, payload, answerTokens|uint64(stream))
	c.unlockAndFlush()
	return nil
}

// submitFailure queues an ERROR for a request of the peer.
func (c *Conn) submitFailure(stream uint32, code ErrorCode, message string) error {
	message = cutText(message, inlineLimit)
	if err := c.queue.lockForPayload(c.ctx, len(message)); err != nil {
		return err
	}
	command := ffi.Command{Kind: ffi.CommandRespondError, Stream: stream, Code: uint32(code)}
	c.queue.batch.add(command, NewPayload(message, ""), 0)
	c.unlockAndFlush()
	return nil
}

// cutText shortens text to at most so many bytes, between two characters.
func cutText(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}

// releasePayload has the flusher forget a payload that will not be sent to its end.
func (c *Conn) releasePayload(token uint64) {
	c.queue.mu.Lock()
	c.queue.released = append(c.queue.released, token)
	c.queue.kicked = true
	c.unlockAndFlush()
}

// kick has the engine's own output flushed, such as keepalives.
func (c *Conn) kick() {
	c.queue.mu.Lock()
	c.queue.kicked = true
	c.unlockAndFlush()
}

// unlockAndFlush ends a submission: it flushes unless somebody does already.
func (c *Conn) unlockAndFlush() {
	flush := c.queue.becomeFlusher()
	c.queue.mu.Unlock()
	if flush {
		c.startFlush()
	}
}

// unlockAndFlushSoon ends the submission of somebody who does not wait for its outcome, and so is likely to submit more
// at once: it leaves the flush to a goroutine, or to the end of the callbacks that run right now.
func (c *Conn) unlockAndFlushSoon() {
	q := &c.queue
	if q.corked && len(q.batch.commands) < maxBatchCommands/2 {
		q.mu.Unlock()
		return
	}
	flush := q.becomeFlusher()
	q.mu.Unlock()
	if flush {
		c.handOverFlush()
	}
}

// cork holds back what callbacks submit, and uncork lets it out.
func (c *Conn) cork() {
	c.queue.mu.Lock()
	c.queue.corked = true
	c.queue.mu.Unlock()
}

func (c *Conn) uncork() {
	c.queue.mu.Lock()
	c.queue.corked = false
	if c.queue.batch == nil {
		c.queue.mu.Unlock()
		return
	}
	c.unlockAndFlush()
}
