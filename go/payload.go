package rsocket

// Payload is what a request carries and what an answer carries: data, and optionally metadata.
//
// A payload owns its bytes: the constructors copy what they are given, a received payload is copied out of the
// connection's buffer, and nothing has to be released. It may be sent any number of times, on several connections at
// once, and a handler may answer with the payload that it got. [Payload.Data] and its relatives return the payload's
// own bytes without copying: treat them as read-only, as a payload that was handed to a call may still be read after
// the call returned.
//
// Absent metadata and empty metadata differ, on the wire and here: see [Payload.Metadata]. A nil *Payload reads as an
// empty payload without metadata; where an answer is a nil *Payload, the stream completed without one. The zero value
// is an empty payload.
type Payload struct {
	data []byte
	// metadata is nil when it is absent; present but empty is non-nil with length 0.
	metadata []byte
}

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
	if p == nil {
		return nil
	}
	return p.data
}

// Metadata returns the payload's metadata without copying it, and whether there is any: nil and false when it is
// absent, an empty slice and true when it is present but empty.
func (p *Payload) Metadata() ([]byte, bool) {
	if p == nil {
		return nil, false
	}
	return p.metadata, p.metadata != nil
}

// HasMetadata reports whether metadata is present, be it empty.
func (p *Payload) HasMetadata() bool {
	return p != nil && p.metadata != nil
}

// Len returns the bytes of data and metadata together.
func (p *Payload) Len() int {
	if p == nil {
		return 0
	}
	return len(p.data) + len(p.metadata)
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
