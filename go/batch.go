package rsocket

import (
	"slices"
	"sync"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

const (
	// maxBatchCommands and maxBatchBytes bound what waits for one turn of the engine; callers wait for room. Half of it
	// is what bulk may take.
	maxBatchCommands = 1024
	maxBatchBytes    = 64 << 10
	// maxBatchExternal bounds the payload bytes that a batch refers to, beyond the first payload, and maxBatchBulk those
	// of bulk: about a turn of the engine, so that little goes ahead of what comes next.
	maxBatchExternal = 256 << 10
	maxBatchBulk     = 128 << 10
	// minGathered and maxGathered bound how many commands go together: see gathered.
	minGathered = 8
	maxGathered = maxBatchCommands / 4
	// inlineLimit is the payload size up to which copying beats referring.
	inlineLimit = 2 << 10
)

// load is what a submission puts on a batch.
type load struct {
	size int
	// bulk: whoever submits it is likely to have more, and to want no answer. It leaves room for the others.
	bulk bool
	// fragmented: it may not fit a frame. Then it takes its turns in the engine, and goes ahead of nobody.
	fragmented bool
	// copied: the engine has to keep it for later, so it is copied whatever its size.
	copied bool
	// sent is called when nothing more of a fragmented payload will be sent; nil where nobody waits for that.
	sent func()
}

// external is whether the payload stays where it is.
func (l *load) external() bool {
	return !l.copied && (l.size > inlineLimit || l.fragmented)
}

// batch is what goroutines submitted since the last turn of the engine.
type batch struct {
	commands []ffi.Command
	// ahead counts the commands at the front that are about the connection as a whole.
	ahead int
	bytes []byte
	// externals are payloads that stay where they are.
	externals []external
	// burden counts what is bounded.
	burden burden
	// confirmations are those who wait to hear whether their command was carried out.
	confirmations []confirmation
}

// confirmation tells the outcome of a command that no event tells: nil when it was carried out.
type confirmation struct {
	token   uint64
	outcome chan error
}

// external is a payload that the engine's output refers to by token.
type external struct {
	token   uint64
	payload *Payload
	once    bool   // it is released once it is sent
	sent    func() // as in load
}

var batches = sync.Pool{New: func() any {
	return &batch{
		commands: make([]ffi.Command, 0, maxBatchCommands),
		bytes:    make([]byte, 0, maxBatchBytes),
	}
}}

// burden is what a batch has of each thing that is bounded.
type burden struct {
	commands, bytes int
	// bulk and other are the bytes of payloads that stay where they are and go in one frame, fragmented those of the ones
	// that take their turns in the engine, whose room is bounded (room.go).
	bulk, other, fragmented int
}

// fits reports whether a command with a payload may be added.
func (b *burden) fits(l *load) bool {
	commands, bytes := maxBatchCommands, maxBatchBytes
	if l.bulk {
		commands, bytes = commands/2, bytes/2
	}
	switch {
	case b.commands >= commands:
		return false
	case !l.external():
		return b.bytes+l.size <= bytes || l.copied && b.bytes == 0
	case l.fragmented:
		return true
	case l.bulk:
		return b.bulk == 0 || b.bulk+l.size <= maxBatchBulk
	default:
		return b.other == 0 || b.other+l.size <= maxBatchExternal
	}
}

// add counts a command with a payload so many times, or takes it off again.
func (b *burden) add(l *load, times int) {
	b.commands += times
	size := times * l.size
	switch {
	case !l.external():
		b.bytes += size
	case l.fragmented:
		b.fragmented += size
	case l.bulk:
		b.bulk += size
	default:
		b.other += size
	}
}

func (b *burden) plus(other *burden) burden {
	return burden{
		b.commands + other.commands, b.bytes + other.bytes,
		b.bulk + other.bulk, b.other + other.other, b.fragmented + other.fragmented,
	}
}

// isPlenty is whether it should go rather than gather more, where so many requests are open as a rule.
func (b *batch) isPlenty(open int) bool {
	return len(b.commands) >= gathered(open) || len(b.bytes) >= maxBatchBytes/4 ||
		b.burden.other >= maxBatchExternal || b.burden.fragmented > 0
}

// gathered is how many commands go together where so many requests are open. With a third of them each, the peer is at
// work on some while the next ones are gathered; fewer are not worth a write.
func gathered(open int) int {
	return min(max(open/3, minGathered), maxGathered)
}

// add appends a command with a payload, whose lengths and flags it fills in. The token names the payload if it stays
// where it is.
func (b *batch) add(command *ffi.Command, payload *Payload, l *load, token uint64) {
	if payload.HasMetadata() {
		command.Flags |= ffi.FlagMetadata
	}
	bytes, metadataLen := payload.wire()
	command.MetadataLen = uint32(metadataLen)
	command.DataLen = uint32(len(bytes) - metadataLen)
	if l.external() {
		command.Flags |= ffi.FlagExternal
		command.Token = token
		b.externals = append(b.externals, external{token, payload, payload.lend(), l.sent})
	} else {
		command.Offset = uint32(len(b.bytes))
		b.bytes = append(b.bytes, bytes...)
		if payload.isOnce() && payload.lend() {
			payload.recycle()
		}
	}
	b.commands = append(b.commands, *command)
	b.burden.add(l, 1)
}

// confirm has somebody told what becomes of the command with a token.
func (b *batch) confirm(token uint64) <-chan error {
	outcome := make(chan error, 1)
	b.confirmations = append(b.confirmations, confirmation{token, outcome})
	return outcome
}

// tell gives one who waits the outcome; later ones are not heard.
func (b *batch) tell(token uint64, err error) {
	for _, waiting := range b.confirmations {
		if waiting.token == token {
			waiting.tell(err)
		}
	}
}

func (c confirmation) tell(err error) {
	select {
	case c.outcome <- err:
	default:
	}
}

// tellAll tells the others that their commands were carried out.
func (b *batch) tellAll() {
	for _, waiting := range b.confirmations {
		waiting.tell(nil)
	}
}

// addCopied adds a command with a message of its own, whatever its size. Frames of stream 0 go ahead of all others.
func (b *batch) addCopied(command ffi.Command, message []byte) {
	command.Offset = uint32(len(b.bytes))
	command.DataLen = uint32(len(message))
	b.bytes = append(b.bytes, message...)
	b.burden.add(&load{size: len(message), copied: true}, 1)
	if goesAhead(command.Kind) {
		b.commands = slices.Insert(b.commands, b.ahead, command)
		b.ahead++
		return
	}
	b.commands = append(b.commands, command)
}

// goesAhead tells the commands whose frames are about the connection as a whole.
func goesAhead(kind uint16) bool {
	return kind == ffi.CommandMetadataPush || kind == ffi.CommandGrantLease
}

// recycle empties the batch and keeps its memory for another one, unless it grew out of the ordinary.
func (b *batch) recycle() {
	if cap(b.commands) > 2*maxBatchCommands || cap(b.bytes) > 2*maxBatchBytes {
		return
	}
	clear(b.externals)
	clear(b.confirmations)
	b.confirmations = b.confirmations[:0]
	b.commands, b.bytes, b.externals = b.commands[:0], b.bytes[:0], b.externals[:0]
	b.ahead, b.burden = 0, burden{}
	batches.Put(b)
}
