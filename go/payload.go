package rsocket

import (
	"sync/atomic"
	"unsafe"
)

// Payload is what a request carries and what an answer carries: data, and optionally metadata.
//
// A payload owns its bytes: the constructors copy what they are given, a received payload is copied out of the
// connection's buffer, and nothing has to be released ([Payload.Release] may be called). It may be sent any number of times, on several connections at
// once, and a handler may answer with the payload that it got. [Payload.Data] and its relatives return the payload's
// own bytes without copying: treat them as read-only, as a payload that was handed to a call may still be read after
// the call returned.
//
// Absent metadata and empty metadata differ, on the wire and here: see [Payload.Metadata]. A nil *Payload reads as an
// empty payload without metadata; where an answer is a nil *Payload, the stream completed without one. The zero value
// is an empty payload.
type Payload struct {
	// bytes are the metadata and behind it the data; nil when both are empty.
	bytes unsafe.Pointer
	// metadataSize is 0 when metadata is absent, else one more than it has bytes.
	metadataSize, dataLen int
	// memory is what bytes are part of, if that can be recycled, else 0.
	memory memory
	// state has the bits below.
	state atomic.Uint32
}

const (
	// payloadLent: a connection may still read bytes after the call that was given the payload has returned.
	payloadLent = 1 << iota
	// payloadOnce: the connection that sends it releases it.
	payloadOnce
	// payloadGiven: it is that connection's already.
	payloadGiven
)

// NewPayload returns a payload with copies of data and metadata. An empty metadata string means absent metadata; for
// metadata that is present but empty use [NewPayloadFromBytes].
func NewPayload(data, metadata string) *Payload {
	return newCopied(metadata, data, metadata != "")
}

// NewPayloadFromBytes returns a payload with copies of data and metadata, so that the caller may reuse both slices.
// Nil metadata means absent; an empty slice that is not nil means present but empty. Nil data and empty data are the
// same.
func NewPayloadFromBytes(data, metadata []byte) *Payload {
	return newCopied(metadata, data, metadata != nil)
}

// Data returns the payload's data without copying it.
func (p *Payload) Data() []byte {
	if p == nil || p.dataLen == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(p.bytes, p.metadataLen())), p.dataLen)
}

// Metadata returns the payload's metadata without copying it, and whether there is any: nil and false when it is
// absent, an empty slice and true when it is present but empty.
func (p *Payload) Metadata() ([]byte, bool) {
	switch {
	case !p.HasMetadata():
		return nil, false
	case p.metadataSize == 1:
		return []byte{}, true
	default:
		return unsafe.Slice((*byte)(p.bytes), p.metadataSize-1), true
	}
}

// HasMetadata reports whether metadata is present, be it empty.
func (p *Payload) HasMetadata() bool {
	return p != nil && p.metadataSize > 0
}

// Len returns the bytes of data and metadata together.
func (p *Payload) Len() int {
	if p == nil {
		return 0
	}
	return p.metadataLen() + p.dataLen
}

// wire returns the bytes of metadata and behind them of data, and how many are metadata.
func (p *Payload) wire() (bytes []byte, metadataLen int) {
	if p == nil || p.bytes == nil {
		return nil, 0
	}
	metadataLen = p.metadataLen()
	return unsafe.Slice((*byte)(p.bytes), metadataLen+p.dataLen), metadataLen
}

func (p *Payload) metadataLen() int {
	return max(0, p.metadataSize-1)
}

// GetData is [Payload.Data] under the name that the original API gave it.
func (p *Payload) GetData() []byte {
	return p.Data()
}

// GetDataAsString returns the data as a string, byte for byte; whether it is UTF-8 is the sender's business.
func (p *Payload) GetDataAsString() string {
	return string(p.Data())
}

// GetMetadata returns the payload's metadata without copying it: nil when it is absent, not nil when it is present
// but empty.
func (p *Payload) GetMetadata() []byte {
	metadata, _ := p.Metadata()
	return metadata
}

// GetMetadataAsString returns the metadata as a string, byte for byte. Absent and empty metadata both give the empty
// string.
func (p *Payload) GetMetadataAsString() string {
	return string(p.GetMetadata())
}

// Release gives the payload's bytes back, so that one that comes later can have them. It is never needed: what is not
// released is the garbage collector's. It saves most of what payloads of some kilobytes cost there.
//
// The payload is empty afterwards, and slices of [Payload.Data] and its relatives must not be used any more, nor copies of
// the Payload. It does nothing for payloads that were sent, for those of up to 480 bytes, and for nil; see [Payload.Once].
func (p *Payload) Release() {
	if p != nil && p.state.Load() == 0 {
		p.recycle()
	}
}

// Once returns the payload, which is to be sent once: the connection releases it when it has been sent, so that neither it
// nor slices of its bytes may be used after it was given to a call, or returned by a handler. Whoever sends it a second
// time gets [ErrInvalidArgument].
func (p *Payload) Once() *Payload {
	if p != nil {
		p.state.Or(payloadOnce)
	}
	return p
}

func (p *Payload) isOnce() bool {
	return p != nil && p.state.Load()&payloadOnce != 0
}

// isGiven reports whether the payload has been sent, and was to be sent once.
func (p *Payload) isGiven() bool {
	return p != nil && p.state.Load()&payloadGiven != 0
}

// lend notes that a connection reads the bytes from now on. It reports whether they are to be recycled after that.
func (p *Payload) lend() (once bool) {
	if p == nil {
		return false
	}
	state := p.state.Load()
	switch {
	case state&payloadOnce != 0:
		return p.state.Or(payloadLent|payloadGiven)&payloadGiven == 0
	case state&payloadLent == 0:
		p.state.Or(payloadLent)
	}
	return false
}

// recycle lets the bytes go.
func (p *Payload) recycle() {
	if p.memory == 0 {
		return
	}
	before := p.memory.before()
	recycleBytes(unsafe.Add(p.bytes, -before), before+p.Len(), p.memory.capacity())
	p.bytes, p.metadataSize, p.dataLen, p.memory = nil, 0, 0, 0
}
