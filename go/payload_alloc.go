package rsocket

// How payloads get their memory. One is made for every request and every answer, so the allocations here are a large
// part of what a request costs in Go: small payloads lie in one object together with the Payload that points at them,
// larger ones take a second object for their bytes.

// payloadHeader is the size of a Payload on 64-bit machines.
const payloadHeader = 48

// The inline sizes fill size classes of Go's allocator: 112, 256 and 512 bytes with the Payload in front. Above 512
// bytes an object that holds pointers gets a header of its own and would fall into the next class.
const (
	inlineSmall  = 112 - payloadHeader
	inlineMedium = 256 - payloadHeader
	inlineLarge  = 512 - payloadHeader
)

type payloadSmall struct {
	Payload
	bytes [inlineSmall]byte
}

type payloadMedium struct {
	Payload
	bytes [inlineMedium]byte
}

type payloadLarge struct {
	Payload
	bytes [inlineLarge]byte
}

// newReceived returns a payload with copies of metadata and data, which usually lie in a connection's receive buffer.
// Without hasMetadata, metadata is ignored.
func newReceived(metadata, data []byte, hasMetadata bool) *Payload {
	return newCopied(metadata, data, hasMetadata)
}

// newOwned returns a payload that takes over metadata and data: the caller must not write to either again. Without
// hasMetadata, metadata is ignored.
func newOwned(metadata, data []byte, hasMetadata bool) *Payload {
	payload := &Payload{data: data}
	if hasMetadata {
		payload.metadata = metadata
		if metadata == nil {
			payload.metadata = []byte{}
		}
	}
	return payload
}

func newCopied[B []byte | string](metadata, data B, hasMetadata bool) *Payload {
	size := len(data)
	if hasMetadata {
		size += len(metadata)
	}

	var payload *Payload
	var bytes []byte
	switch {
	case size == 0:
		return newOwned(nil, nil, hasMetadata)
	case size <= inlineSmall:
		object := &payloadSmall{}
		payload, bytes = &object.Payload, object.bytes[:size]
		copy(bytes, data)
	case size <= inlineMedium:
		object := &payloadMedium{}
		payload, bytes = &object.Payload, object.bytes[:size]
		copy(bytes, data)
	case size <= inlineLarge:
		object := &payloadLarge{}
		payload, bytes = &object.Payload, object.bytes[:size]
		copy(bytes, data)
	default:
		payload = &Payload{}
		// The compiler joins these two lines into one allocation that is not cleared first.
		bytes = make([]byte, size)
		copy(bytes, data)
	}

	// Capacities end where the parts do, so that appending to one cannot write into the other.
	payload.data = bytes[:len(data):len(data)]
	if hasMetadata {
		payload.metadata = bytes[len(data):size:size]
		copy(payload.metadata, metadata)
	}
	return payload
}
