package rsocket

import (
	"io"
	"net"
	"sync"
)

// chunkSize is how much of small buffers is put together: what fits a record of TLS.
const chunkSize = 16 << 10

var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// gather takes the next bytes of the buffers: the first buffer where it is long or the only one, else a copy of several,
// in memory that is to be recycled.
func gather(pending *net.Buffers) (chunk []byte, scratch *[chunkSize]byte) {
	buffers := *pending
	if len(buffers) == 1 || len(buffers[0]) >= chunkSize {
		*pending = buffers[1:]
		return buffers[0], nil
	}
	scratch = chunks.Get().(*[chunkSize]byte)
	chunk = scratch[:0]
	for len(buffers) > 0 && len(chunk) < chunkSize {
		n := min(len(buffers[0]), chunkSize-len(chunk))
		chunk = append(chunk, buffers[0][:n]...)
		if buffers[0] = buffers[0][n:]; len(buffers[0]) > 0 {
			break
		}
		buffers = buffers[1:]
	}
	*pending = buffers
	return chunk, scratch
}

func recycleChunk(scratch *[chunkSize]byte) {
	if scratch != nil {
		chunks.Put(scratch)
	}
}

// writeGathered writes buffers to a transport that cannot take several at once, in few writes.
func writeGathered(to io.Writer, pending *net.Buffers) (written int64, err error) {
	for len(*pending) > 0 && err == nil {
		chunk, scratch := gather(pending)
		var n int
		n, err = to.Write(chunk)
		written += int64(n)
		recycleChunk(scratch)
	}
	return written, err
}
