package rsocket

import (
	"math/bits"
	"sync"
	"unsafe"
)

// How payloads get their memory. One is made for every request and every answer, so the allocations here are a large
// part of what a request costs in Go: small payloads lie in one object together with the Payload that points at them,
// larger ones take a second object for their bytes.

// payloadHeader is the size of a Payload on 64-bit machines.
const payloadHeader = 32

// The inline sizes fill size classes of Go's allocator: 96, 128, 256 and 512 bytes with the Payload in front. Above 512
// bytes an object that holds pointers gets a header of its own and would fall into the next class.
const (
	inlineTiny   = 96 - payloadHeader
	inlineSmall  = 128 - payloadHeader
	inlineMedium = 256 - payloadHeader
	inlineLarge  = 512 - payloadHeader
)

type payloadTiny struct {
	Payload
	bytes [inlineTiny]byte
}

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

// newOwned returns a payload that takes over bytes, which the caller must not write to again: metadata of this length,
// and data. Without hasMetadata all is data.
func newOwned(bytes []byte, metadataLen int, hasMetadata bool) *Payload {
	payload := &Payload{bytes: unsafe.Pointer(unsafe.SliceData(bytes)), dataLen: len(bytes) - metadataLen}
	if hasMetadata {
		payload.metadataSize = metadataLen + 1
	}
	return payload
}

func newCopied[B []byte | string](metadata, data B, hasMetadata bool) *Payload {
	size := len(data)
	if hasMetadata {
		size += len(metadata)
	}

	var payload *Payload
	switch {
	case size == 0:
		payload = &Payload{}
	case size <= inlineTiny:
		object := &payloadTiny{}
		payload = &object.Payload
		payload.bytes = unsafe.Pointer(&object.bytes)
	case size <= inlineSmall:
		object := &payloadSmall{}
		payload = &object.Payload
		payload.bytes = unsafe.Pointer(&object.bytes)
	case size <= inlineMedium:
		object := &payloadMedium{}
		payload = &object.Payload
		payload.bytes = unsafe.Pointer(&object.bytes)
	case size <= inlineLarge:
		object := &payloadLarge{}
		payload = &object.Payload
		payload.bytes = unsafe.Pointer(&object.bytes)
	default:
		bytes, capacity := recycledBytes(size)
		switch {
		case bytes != nil:
		case hasMetadata && len(metadata) > 0:
			bytes = unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
		default:
			// The compiler joins these two lines into one allocation that is not cleared first.
			made := make([]byte, size)
			copy(made, data)
			payload = &Payload{bytes: unsafe.Pointer(unsafe.SliceData(made)), dataLen: size}
			payload.memory = memoryOf(size, 0)
			if hasMetadata {
				payload.metadataSize = 1
			}
			return payload
		}
		payload = &Payload{bytes: bytes, memory: memoryOf(max(int(capacity), size), 0)}
	}
	payload.dataLen = len(data)
	fill(payload, metadata, data, hasMetadata)
	return payload
}

// fill copies metadata and data to the payload's bytes, of which there are enough.
func fill[B []byte | string](payload *Payload, metadata, data B, hasMetadata bool) {
	if hasMetadata {
		payload.metadataSize = len(metadata) + 1
		copy(unsafe.Slice((*byte)(payload.bytes), len(metadata)), metadata)
	}
	copy(payload.Data(), data)
}

// Bytes that were released are kept by their size, a quarter of a power of two, until the garbage collector has come by
// twice. Their capacity stands at their beginning.
const (
	maxRecycled = 1 << 24
	// stepBits is how many bits below the highest one tell sizes apart.
	stepBits = 2
)

var recycled [(25 - 8) << stepBits]sync.Pool

// memory says how many bytes there are that can be recycled, and how far in a payload's own begin: behind the header
// of the frame that they came in. It is 0 for what cannot be recycled.
type memory uint32

const (
	beforeBits = 5
	maxBefore  = 1<<beforeBits - 1
)

func memoryOf(capacity, before int) memory {
	if capacity > maxRecycled {
		return 0
	}
	return memory(capacity<<beforeBits | before)
}

func (m memory) capacity() uint32 { return uint32(m >> beforeBits) }
func (m memory) before() int      { return int(m & maxBefore) }

// recycledClass is where bytes of a size are kept; size is above inlineLarge and at most maxRecycled.
func recycledClass(size int) int {
	log := bits.Len(uint(size)) - 1
	step := size >> (log - stepBits) & (1<<stepBits - 1)
	return (log-8)<<stepBits | step
}

// recycledBytes gives bytes for a size, or nil.
func recycledBytes(size int) (bytes unsafe.Pointer, capacity uint32) {
	if size > maxRecycled {
		return nil, 0
	}
	bytes, ok := recycled[recycledClass(size)].Get().(unsafe.Pointer)
	if !ok {
		return nil, 0
	}
	capacity = *(*uint32)(bytes)
	if int(capacity) < size {
		return nil, 0 // The garbage collector has it.
	}
	return bytes, capacity
}

// recycleBytes keeps bytes that were used for a size.
func recycleBytes(bytes unsafe.Pointer, size int, capacity uint32) {
	*(*uint32)(bytes) = capacity
	recycled[recycledClass(size)].Put(bytes)
}
