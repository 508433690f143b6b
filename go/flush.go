package rsocket

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

const (
	// outputSize holds the frames of a full batch: its bytes, and at most 16 bytes around each payload.
	outputSize = maxBatchBytes + 16*maxBatchCommands
	// flushEvents bounds what one turn of the flusher can hear; it only hears refusals.
	flushEvents = 64
	// maxSegments is what one turn can refer to: metadata and data of each payload.
	maxSegments = 256

	// borrowedRounds and borrowedBytes bound what a submitter flushes for others before a goroutine takes over.
	borrowedRounds = 16
	borrowedBytes  = 256 << 10
	// borrowedWrite bounds how long a submitter can be held in a write that does not finish. It is looked at anew only
	// every half of it, so that most writes set no deadline.
	borrowedWrite = 20 * time.Millisecond
)

// flusher turns batches into bytes and writes them, in order. One goroutine at a time has the role: a submitter that
// found it free and carries it for a few rounds, or a goroutine of its own where a write takes long.
//
// Its state stays here between them, so that the role can change hands at any point.
type flusher struct {
	// batch is being encoded; its commands before used are done.
	batch *batch
	used  int
	// more: the engine has output beyond what it has written so far.
	more bool
	// pending is encoded and waits to be written, a part of the scratch's buffers, of which so many are in use.
	pending  net.Buffers
	buffered int
	// rounds and bytes count the engine's turns, and what was written, since the role changed hands.
	rounds, bytes int
	// scratch is nil between flushes.
	scratch *flushScratch
	// answering is the connection's count of requests that handlers work on.
	answering *atomic.Int64
	// next is the batch's first payload that the output has not referred to for the last time. It refers to most of them
	// in their order; the others, which the engine keeps for later turns, are in payloads by their tokens.
	next     int
	payloads map[uint64]external
	// spent are payloads that pending refers to for the last time, and that nobody uses after that.
	spent []*Payload
	// link is where pending goes.
	link *link
	// broken is a link that could not be written to, so that nothing more is.
	broken *link
	// stuck: the batch waits for a transport.
	stuck bool
	// gathered: the next batch goes at once. alone: all of them, as those who send go on when the flush is over.
	gathered, alone bool
}

// flushScratch is what a flush needs and an idle connection does not hold.
type flushScratch struct {
	output   [outputSize]byte
	events   [flushEvents]ffi.Event
	segments [maxSegments]ffi.Segment
	buffers  [2*maxSegments + 1][]byte
	turn     ffi.Turn
	progress ffi.Progress
}

var flushScratches = sync.Pool{New: func() any { return new(flushScratch) }}

// startFlush flushes on this goroutine if a write that takes long can be interrupted there, else on another.
func (c *Conn) startFlush() {
	if c.borrowable {
		c.flush(true)
		return
	}
	c.handOverFlush()
}

// handOverFlush lets a goroutine of its own go on with the flush.
func (c *Conn) handOverFlush() {
	c.flusher.alone = false
	c.spawn(func() { c.flush(false) })
}

// flush writes until nothing waits. A borrowed goroutine is let go after a while.
func (c *Conn) flush(borrowed bool) {
	f := &c.flusher
	f.rounds, f.bytes = 0, 0
	for {
		if !c.writePending(borrowed) {
			c.handOverFlush()
			return
		}
		if f.stuck {
			if borrowed {
				c.handOverFlush()
				return
			}
			c.awaitTransport(f.link)
		}
		if borrowed && (f.rounds >= borrowedRounds || f.bytes >= borrowedBytes) {
			c.handOverFlush()
			return
		}
		// What waits goes between the fragments that the engine still has.
		if f.batch == nil && !c.nextBatch() {
			return
		}
		c.encode()
		f.rounds++
	}
}

// nextBatch takes what waits, after letting others add to it; false when nothing is left to do and the role ended.
func (c *Conn) nextBatch() bool {
	f := &c.flusher
	gather := !f.gathered && !f.alone && c.requestsOpen() > 1
	f.gathered = false
	taken, state := c.queue.take(f, gather)
	switch state {
	case queueEnded:
		c.sayGoodbye()
		return false
	case queueEmpty, queueTaken:
		return false
	}
	if f.scratch == nil {
		f.scratch = flushScratches.Get().(*flushScratch)
	}
	f.batch, f.used, f.next = taken, 0, 0
	return true
}

// release gives the memory of a flush back.
func (f *flusher) release() {
	if f.scratch != nil {
		f.pending = nil
		flushScratches.Put(f.scratch)
		f.scratch = nil
	}
}

// encode has the engine write frames for the rest of the batch, as far as its output goes.
func (c *Conn) encode() {
	f := &c.flusher
	s := f.scratch
	s.turn.Now, s.turn.Events, s.turn.Output, s.turn.Segments = c.now(), s.events[:], s.output[:], s.segments[:]
	s.turn.Commands, s.turn.CommandBytes = nil, nil
	if f.batch != nil {
		s.turn.Commands, s.turn.CommandBytes = f.batch.commands[f.used:], f.batch.bytes
	}
	arena, to, result := c.engine.driveBatch(&s.turn, &s.progress)
	f.stuck = false
	if result != ffi.ResultOK {
		f.endBatch()
		f.more = false
		if result != ffi.ResultClosed {
			c.terminate(engineFailure(result))
		}
		return
	}
	f.used += s.progress.CommandsUsed
	f.link = to
	f.arrange()
	c.handleEvents(s.events[:s.progress.EventsLen], nil, arena, nil)
	f.more = s.progress.Flags&ffi.ProgressMoreOutput != 0
	// A turn that leaves the commands out is one after the connection's end.
	batchLeft := len(s.turn.Commands) > 0 && f.used < len(f.batch.commands)
	f.stuck = batchLeft && s.progress.Flags&ffi.ProgressSuspended != 0 && len(f.pending) == 0
	if !batchLeft {
		f.endBatch()
	}
}

// endBatch is for a batch whose commands have been carried out or refused, or will never be.
func (f *flusher) endBatch() {
	if f.batch != nil {
		if f.used == len(f.batch.commands) {
			f.batch.tellAll() // The others hear of the connection's end.
		}
		for f.next < len(f.batch.externals) {
			f.keepNext()
		}
		f.batch.recycle()
		f.batch = nil
	}
}

// arrange makes the buffers to write of the engine's output and the payloads that it refers to.
func (f *flusher) arrange() {
	s := f.scratch
	buffers := s.buffers[:0]
	output := s.output[:s.progress.OutputLen]
	for _, segment := range s.segments[:s.progress.SegmentsLen] {
		if segment.Buffered > 0 {
			buffers = append(buffers, output[:segment.Buffered])
			output = output[segment.Buffered:]
		}
		external := f.find(segment.Token)
		payload := external.payload
		part := payload.Data()
		if segment.Part == ffi.PartMetadata {
			part = payload.GetMetadata()
		}
		buffers = append(buffers, part[segment.Offset:segment.Offset+segment.Len])
		if segment.Last != 0 {
			if external.once {
				f.spent = append(f.spent, payload)
			}
			f.done(segment.Token)
		}
	}
	if len(output) > 0 {
		buffers = append(buffers, output)
	}
	f.pending, f.buffered = buffers, len(buffers)
}

// find is the payload that the output refers to.
func (f *flusher) find(token uint64) external {
	if kept, ok := f.payloads[token]; ok {
		return kept
	}
	for !f.isNext(token) {
		if f.batch == nil || f.next == len(f.batch.externals) {
			return external{}
		}
		f.keepNext()
	}
	return f.batch.externals[f.next]
}

func (f *flusher) isNext(token uint64) bool {
	return f.batch != nil && f.next < len(f.batch.externals) && f.batch.externals[f.next].token == token
}

// keepNext keeps a payload whose turn has not come yet, or will not come.
func (f *flusher) keepNext() {
	if f.payloads == nil {
		f.payloads = make(map[uint64]external)
	}
	kept := f.batch.externals[f.next]
	f.payloads[kept.token] = kept
	f.next++
}

// done lets go of a payload that the output has referred to for the last time.
func (f *flusher) done(token uint64) {
	if _, kept := f.payloads[token]; kept || !f.isNext(token) {
		f.forget(token)
		return
	}
	if sent := f.batch.externals[f.next].sent; sent != nil {
		sent()
	}
	f.next++
}

// forget lets go of a payload that was kept.
func (f *flusher) forget(token uint64) {
	if sent := f.payloads[token].sent; sent != nil {
		sent()
	}
	delete(f.payloads, token)
}

// writePending writes what is encoded; false when a borrowed goroutine has been held up for long enough.
func (c *Conn) writePending(borrowed bool) bool {
	f := &c.flusher
	if len(f.pending) == 0 {
		return true
	}
	if f.link == nil || f.link == f.broken {
		f.written() // The core keeps it for the next transport, if there may be one.
		return true
	}
	if borrowed && !f.link.borrowable {
		return false
	}
	c.setWriteDeadline(borrowed)
	written, err := f.link.write(&f.pending)
	f.bytes += int(written)
	switch {
	case err == nil:
		f.written()
		return true
	case borrowed && errors.Is(err, os.ErrDeadlineExceeded) && !c.isClosed():
		return false
	default:
		f.written()
		c.giveUpWriting(f.link, transportError("write", err))
		return true
	}
}

// giveUpWriting is for a transport that takes no more. A connection that ends with it gives the core nothing more to send, and
// the reader has a while to find what the peer said last, such as why it closed; after that the write's error is the reason.
func (c *Conn) giveUpWriting(l *link, reason error) {
	if c.session != nil {
		c.linkFailed(l, reason)
		l.close()
		return
	}
	c.flusher.broken = l
	c.engine.closeBatches()
	time.AfterFunc(lingerTimeout, func() {
		c.linkFailed(l, reason)
		l.close()
	})
}

// written forgets the buffers, and the payloads that they kept alive.
func (f *flusher) written() {
	clear(f.scratch.buffers[:f.buffered])
	f.pending, f.buffered = nil, 0
	for _, payload := range f.spent {
		payload.recycle()
	}
	clear(f.spent)
	f.spent = f.spent[:0]
}

// setWriteDeadline bounds a borrowed goroutine's write, and unbounds the others.
func (c *Conn) setWriteDeadline(borrowed bool) {
	f := &c.flusher
	if c.isClosed() {
		return // linger has set the last one.
	}
	l := f.link
	if !borrowed {
		if l.writeDeadline != 0 {
			l.writeDeadline = 0
			_ = l.nc.SetWriteDeadline(time.Time{})
		}
		return
	}
	now := time.Duration(c.now())
	if l.writeDeadline-now < borrowedWrite/2 {
		l.writeDeadline = now + borrowedWrite
		_ = l.nc.SetWriteDeadline(c.started.Add(l.writeDeadline))
	}
}
