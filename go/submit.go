package rsocket

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// queue collects what goroutines want sent. Whoever finds nobody flushing becomes the flusher (flush.go); the others
// have their commands taken along. It is bounded: when the batch is full, callers wait with their context.
type queue struct {
	mu sync.Mutex
	// batch is nil while nothing waits.
	batch *batch
	// numbered counts the commands of the batches that flushers have taken, without those that go ahead.
	numbered uint64
	calls    callTable
	// flushing: somebody is the flusher. term counts those who were.
	flushing bool
	term     uint64
	// gathering: the flusher lets others add to the batch, and whoever sees that it is plenty may take the role.
	gathering bool
	// usual is how many requests of either side were open lately: the highest count, which fades with every batch.
	usual int64
	// kicked: the engine has output of its own.
	kicked bool
	// corked: the reader runs callbacks, and what they submit goes out together afterwards.
	corked bool
	// flushHeldBack flushes that earlier, for whoever has taken the flusher's role.
	flushHeldBack func()
	// released are tokens of payloads that the flusher need not keep any longer.
	released []uint64
	// copied: payloads are copied whatever their size, as the engine keeps them for later.
	copied atomic.Bool
	// closed is why nothing is taken any more.
	closed error
	// draining: no new requests; drained is closed when the last one has ended.
	draining bool
	drained  chan struct{}
	// over: the reader has left, so the connection's goroutines may have been waited for.
	over bool
	// waiting are those that found too little room in the batch.
	waiting admission
	// fragmented is the room for payloads that leave in fragments, as they may not fit a frame of frameLen.
	fragmented room
	frameLen   int
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

// maxFrameHeader is what a frame has before its payload at most, the length of the metadata included.
const maxFrameHeader = 13

// loadOf is what a payload puts on a batch.
func (q *queue) loadOf(payload *Payload, bulk bool) load {
	size := payload.Len()
	if q.copied.Load() {
		return load{size: size, bulk: bulk, copied: true}
	}
	return load{size: size, bulk: bulk, fragmented: size > q.frameLen-maxFrameHeader}
}

// lockForLoad returns with the queue locked and room for what is to be submitted, or with an error and unlocked.
func (q *queue) lockForLoad(ctx context.Context, l *load) error {
	if l.fragmented {
		if err := q.fragmented.acquire(ctx, l.size); err != nil {
			return err
		}
	}
	q.mu.Lock()
	var err error
	if q.closed == nil && q.waiting.isFull(l, q.batch) {
		err = q.awaitRoom(ctx, l)
	}
	if err == nil {
		err = q.closed
	}
	if err != nil {
		q.unlockWithout(l)
		return err
	}
	if q.batch == nil {
		q.batch = batches.Get().(*batch)
	}
	return nil
}

// awaitRoom lets the lock go until there is room in the batch, and takes it. What callbacks held back goes first: the one
// that waits may be one of them.
func (q *queue) awaitRoom(ctx context.Context, l *load) error {
	waiter := q.waiting.join(l)
	flush := q.corked && q.batch != nil && q.takeFlush()
	q.mu.Unlock()
	if flush {
		q.flushHeldBack()
	}
	select {
	case <-waiter.admitted:
		q.mu.Lock()
		q.waiting.arrive(waiter)
		return nil
	case <-ctx.Done():
		q.mu.Lock()
		q.waiting.leave(waiter)
		q.waiting.admit(q.batch)
		return ctx.Err()
	}
}

// copyAll has payloads copied from now on.
func (q *queue) copyAll() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.copied.Store(true)
}

// lockForRequest is lockForLoad for a request of this side, which a shutdown takes no more. An error that is the
// connection's end says that the request was not sent.
func (q *queue) lockForRequest(ctx context.Context, l *load) error {
	if err := q.lockForLoad(ctx, l); err != nil {
		return neverSent(err)
	}
	if q.draining {
		q.unlockWithout(l)
		return errDraining
	}
	return nil
}

// nextNumber is the number of the command that is added next. Called with the lock held and a batch.
func (q *queue) nextNumber() uint64 {
	return q.numbered + uint64(len(q.batch.commands)-q.batch.ahead)
}

// unlockWithout ends a submission that came to nothing.
func (q *queue) unlockWithout(l *load) {
	q.mu.Unlock()
	q.giveBack(l)
}

// giveBack returns the room of a payload that is not sent.
func (q *queue) giveBack(l *load) {
	if l.fragmented {
		q.fragmented.release(l.size)
	}
}

// add puts a command and its payload into the batch. A token names the payload, should it stay where it is.
func (q *queue) add(command *ffi.Command, payload *Payload, l *load, token uint64) {
	if l.fragmented {
		size, sent := l.size, l.sent
		l.sent = func() {
			q.fragmented.release(size)
			if sent != nil {
				sent()
			}
		}
	}
	q.batch.add(command, payload, l, token)
}

// becomeFlusher reports whether the caller now has to flush. Called with the lock held.
func (q *queue) becomeFlusher() bool {
	if q.flushing {
		return false
	}
	q.flushing = true
	q.term++
	return true
}

// takeFlush is becomeFlusher for somebody who has nothing more to gather: a flusher who still does loses the role.
func (q *queue) takeFlush() bool {
	if q.flushing && !q.gathering {
		return false
	}
	q.flushing, q.gathering = true, false
	q.term++
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
	// queueTaken: somebody else has taken the role.
	queueTaken
)

// take hands the flusher what waits, after letting others add to it if it should gather. When nothing waits, here or in
// the engine, the flusher's role ends, and its state is the next one's.
func (q *queue) take(f *flusher, gather bool) (*batch, queueState) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if gather && !q.isPlenty() {
		term := q.term
		q.gathering = true
		q.mu.Unlock()
		runtime.Gosched()
		q.mu.Lock()
		if q.term != term {
			return nil, queueTaken
		}
		q.gathering = false
	}
	for _, token := range q.released {
		f.forget(token)
	}
	q.released = q.released[:0]
	if q.batch == nil && !q.kicked && !f.more {
		f.release()
		f.alone = false
		q.flushing = false
		if q.closed != nil {
			return nil, queueEnded
		}
		q.noteDrained(f.answering.Load())
		return nil, queueEmpty
	}
	taken := q.batch
	if taken != nil {
		q.usual = max(q.usual-q.usual/16, q.calls.open.Load()+f.answering.Load())
		q.numbered += uint64(len(taken.commands) - taken.ahead)
	}
	q.batch, q.kicked = nil, false
	q.waiting.admit(nil)
	return taken, queueHadWork
}

// isPlenty is whether what waits should go rather than gather more. Called with the lock held.
func (q *queue) isPlenty() bool {
	return q.batch != nil && q.batch.isPlenty(int(q.usual))
}

// submitRequest starts a request-response. The call is claimed by nobody when it returns an error.
func (c *Conn) submitRequest(ctx context.Context, waiting *call, payload *Payload) (token uint64, err error) {
	l := c.queue.loadOf(payload, false)
	if err := c.queue.lockForRequest(ctx, &l); err != nil {
		return 0, err
	}
	token, ok := c.queue.calls.add(waiting)
	if !ok {
		c.queue.unlockWithout(&l)
		return 0, ErrTooManyRequests
	}
	waiting.opening = opening{token: token, number: c.queue.nextNumber()}
	command := ffi.Command{Kind: ffi.CommandRequestResponse, Token: token}
	c.queue.add(&command, payload, &l, token)
	if waiting.callback == nil || c.queue.calls.open.Load() == 1 {
		c.unlockAndFlush()
	} else {
		c.unlockAndFlushSoon()
	}
	return token, nil
}

// submitStream starts a request-stream or request-channel.
func (c *Conn) submitStream(ctx context.Context, command ffi.Command, stream *Stream, first *Payload) error {
	l := c.queue.loadOf(first, false)
	if err := c.queue.lockForRequest(ctx, &l); err != nil {
		return err
	}
	if !c.queue.calls.addStream(stream) {
		c.queue.unlockWithout(&l)
		return ErrTooManyRequests
	}
	stream.opening = opening{token: stream.token, number: c.queue.nextNumber()}
	command.Token = stream.token
	c.queue.add(&command, first, &l, stream.token)
	c.unlockAndFlush()
	return nil
}

// submitItem sends an item for which there is credit. Whoever sends one is likely to send more, so it does not flush
// by itself.
func (c *Conn) submitItem(ctx context.Context, stream uint32, item *Payload, from *outlet) error {
	l := c.queue.loadOf(item, true)
	if err := c.queue.lockForLoad(ctx, &l); err != nil {
		return err
	}
	c.queue.sequence++
	token := itemTokens | uint64(c.queue.sequence)
	command := ffi.Command{Kind: ffi.CommandItem, Stream: stream, Token: token}
	if l.fragmented {
		from.hold()
		l.sent = from.letGo
	}
	c.queue.add(&command, item, &l, token)
	c.unlockAndFlushSoon()
	return nil
}

// submitMetadataPush queues a METADATA_PUSH.
func (c *Conn) submitMetadataPush(ctx context.Context, metadata []byte) error {
	if err := c.queue.lockForLoad(ctx, &load{size: min(len(metadata), inlineLimit)}); err != nil {
		return neverSent(err)
	}
	c.queue.sequence++
	token := fireAndForgetTokens | uint64(c.queue.sequence)
	c.queue.batch.addCopied(ffi.Command{Kind: ffi.CommandMetadataPush, Token: token}, metadata)
	outcome := c.queue.batch.confirm(token)
	c.unlockAndFlush()
	return c.awaitOutcome(ctx, outcome)
}

// awaitOutcome waits until a command was carried out or refused. An end that came since does not hide which it was.
func (c *Conn) awaitOutcome(ctx context.Context, outcome <-chan error) error {
	var end error
	select {
	case err := <-outcome:
		return err
	case <-c.done:
		end = c.err
	case <-ctx.Done():
		end = ctx.Err()
	}
	select {
	case err := <-outcome:
		return err
	default:
		return end
	}
}

// submitSmall queues a command that always finds room: what asks for it is bounded itself, such as open streams. When
// the stream is over with it, its token is free.
func (c *Conn) submitSmall(command ffi.Command, message string, over bool) {
	q := &c.queue
	q.mu.Lock()
	if over {
		q.calls.release(command.Token)
	}
	if q.closed != nil {
		q.mu.Unlock()
		return
	}
	if q.batch == nil {
		q.batch = batches.Get().(*batch)
	}
	q.batch.addCopied(command, []byte(message))
	c.unlockAndFlush()
}

// submitFireAndForget queues a fire-and-forget.
func (c *Conn) submitFireAndForget(ctx context.Context, payload *Payload) error {
	l := c.queue.loadOf(payload, true)
	if err := c.queue.lockForRequest(ctx, &l); err != nil {
		return err
	}
	c.queue.sequence++
	token := fireAndForgetTokens | uint64(c.queue.sequence)
	c.queue.add(&ffi.Command{Kind: ffi.CommandFireAndForget, Token: token}, payload, &l, token)
	if c.lease == nil {
		c.unlockAndFlushSoon()
		return nil
	}
	outcome := c.queue.batch.confirm(token)
	c.unlockAndFlush()
	return c.awaitOutcome(ctx, outcome)
}

// submitCancel withdraws a request that the caller has claimed, and frees its index. There is always room for it: the
// requests that can be cancelled are bounded themselves.
func (c *Conn) submitCancel(token uint64) {
	c.submitSmall(ffi.Command{Kind: ffi.CommandCancel, Token: token}, "", true)
}

// submitAnswer queues the answer to a request of the peer; nil completes it without a payload. The end of the connection
// ends the wait for room.
func (c *Conn) submitAnswer(stream uint32, payload *Payload) error {
	l := c.queue.loadOf(payload, false)
	if err := c.queue.lockForLoad(context.Background(), &l); err != nil {
		return err
	}
	command := ffi.Command{Kind: ffi.CommandRespond, Stream: stream}
	if payload == nil {
		command.Flags = ffi.FlagNoPayload
	}
	c.queue.add(&command, payload, &l, answerTokens|uint64(stream))
	c.unlockAndFlushAnswer()
	return nil
}

// submitFailure queues an ERROR for a request of the peer.
func (c *Conn) submitFailure(stream uint32, code ErrorCode, message string) error {
	message = cutText(message, inlineLimit)
	if err := c.queue.lockForLoad(context.Background(), &load{size: len(message)}); err != nil {
		return err
	}
	command := ffi.Command{Kind: ffi.CommandRespondError, Stream: stream, Code: uint32(code)}
	c.queue.batch.addCopied(command, []byte(message))
	c.unlockAndFlushAnswer()
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
	if c.queue.closed != nil {
		c.queue.mu.Unlock()
		return
	}
	c.queue.released = append(c.queue.released, token)
	c.queue.kicked = true
	c.unlockAndFlush()
}

// kick has the engine's own output flushed, such as keepalives.
func (c *Conn) kick() {
	if c.becomeKicker() {
		c.startFlush()
	}
}

// becomeKicker reports whether the caller now has to flush the engine's own output. On a connection that is over, whoever
// ended it has seen to that, and the connection's goroutines may all be gone.
func (c *Conn) becomeKicker() bool {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	if c.queue.closed != nil {
		return false
	}
	c.queue.kicked = true
	return c.queue.becomeFlusher()
}

// unlockAndFlush ends a submission: it flushes unless somebody does already, and gathers no more than it should.
func (c *Conn) unlockAndFlush() {
	q := &c.queue
	if q.gathering && q.isPlenty() {
		c.unlockAndFlushNow()
		return
	}
	flush := q.becomeFlusher()
	q.mu.Unlock()
	if flush {
		c.startFlush()
	}
}

// unlockAndFlushSoon ends the submission of somebody who does not wait for its outcome, and so is likely to submit more
// at once: it leaves the flush to a goroutine, or to the callbacks that run right now, which flush when they are done or
// have plenty.
func (c *Conn) unlockAndFlushSoon() {
	q := &c.queue
	if q.corked {
		if !q.isPlenty() {
			q.mu.Unlock()
			return
		}
		c.unlockAndFlushAlone()
		return
	}
	flush := q.becomeFlusher()
	q.mu.Unlock()
	if flush {
		c.handOverFlush()
	}
}

// unlockAndFlushNow is unlockAndFlush for what need not gather any more.
func (c *Conn) unlockAndFlushNow() {
	flush := c.queue.takeFlush()
	c.queue.mu.Unlock()
	if flush {
		c.flushHeldBack()
	}
}

// flushHeldBack flushes what has been gathered already.
func (c *Conn) flushHeldBack() {
	c.flusher.gathered = true
	c.startFlush()
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
	c.unlockAndFlushAlone()
}

// unlockAndFlushAlone is unlockAndFlushNow for the reader, which has sent what there was to send.
func (c *Conn) unlockAndFlushAlone() {
	flush := c.queue.takeFlush()
	c.queue.mu.Unlock()
	if flush {
		c.flusher.alone = true
		c.flushHeldBack()
	}
}
