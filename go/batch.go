package rsocket

import (
	"sync"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

const (
	// maxBatchCommands and maxBatchBytes bound what waits for one turn of the engine; callers wait for room.
	maxBatchCommands = 1024
	maxBatchBytes    = 64 << 10
	// maxBatchExternal bounds the payload bytes that a batch refers to, beyond the first payload.
	maxBatchExternal = 1 << 20
	// inlineLimit is the payload size up to which copying beats referring.
	inlineLimit = 2 << 10
)

// batch is what goroutines submitted since the last turn of the engine.
type batch struct {
	commands []ffi.Command
	bytes    []byte
	// externals are payloads that stay where they are.
	externals     []external
	externalBytes int
	// inline: no payload stays where it is.
	inline bool
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
}

var batches = sync.Pool{New: func() any {
	return &batch{
		commands: make([]ffi.Command, 0, maxBatchCommands),
		bytes:    make([]byte, 0, maxBatchBytes),
	}
}}

func newBatch(inline bool) *batch {
	b := batches.Get().(*batch)
	b.inline = inline
	return b
}

// fits reports whether a command with a payload of this size may be added.
func (b *batch) fits(size int) bool {
	if len(b.commands) >= maxBatchCommands {
		return false
	}
	if b.inline && len(b.bytes) == 0 {
		return true
	}
	if size > inlineLimit && !b.inline {
		return b.externalBytes == 0 || b.externalBytes+size <= maxBatchExternal
	}
	return len(b.bytes)+size <= maxBatchBytes
}

// isSmall is whether there is room for anything more, whatever it is.
func (b *batch) isSmall() bool {
	return len(b.commands) < maxBatchCommands/4 && len(b.bytes) < maxBatchBytes/4 && len(b.externals) == 0
}

// add appends a command with a payload, whose lengths and flags it fills in. externalToken names the payload if it
// stays where it is.
func (b *batch) add(command ffi.Command, payload *Payload, externalToken uint64) {
	metadata, hasMetadata := payload.Metadata()
	data := payload.Data()
	if hasMetadata {
		command.Flags |= ffi.FlagMetadata
	}
	command.MetadataLen = uint32(len(metadata))
	command.DataLen = uint32(len(data))
	if size := len(metadata) + len(data); size > inlineLimit && !b.inline {
		command.Flags |= ffi.FlagExternal
		command.Token = externalToken
		b.externals = append(b.externals, external{externalToken, payload})
		b.externalBytes += size
	} else {
		command.Offset = uint32(len(b.bytes))
		b.bytes = append(append(b.bytes, metadata...), data...)
	}
	b.commands = append(b.commands, command)
}

// confirm has somebody told what becomes of the command that was added last.
func (b *batch) confirm(token uint64) <-chan error {
	b.commands[len(b.commands)-1].Token = token
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

// addCopied appends a command with a message of its own, whatever its size.
func (b *batch) addCopied(command ffi.Command, message []byte) {
	command.Offset = uint32(len(b.bytes))
	command.DataLen = uint32(len(message))
	b.bytes = append(b.bytes, message...)
	b.commands = append(b.commands, command)
}

// recycle empties the batch and keeps its memory for another one, unless it grew out of the ordinary.
func (b *batch) recycle() {
	if cap(b.commands) > 2*maxBatchCommands || cap(b.bytes) > 2*maxBatchBytes {
		return
	}
	clear(b.externals)
	clear(b.confirmations)
	b.confirmations = b.confirmations[:0]
	b.commands, b.bytes, b.externals, b.externalBytes = b.commands[:0], b.bytes[:0], b.externals[:0], 0
	batches.Put(b)
}
