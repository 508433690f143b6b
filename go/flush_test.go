package rsocket

import (
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// The output refers to a batch's payloads in their order, but for those that the engine keeps for later and those that
// it has refused.
func TestFlusherFindsPayloadsInAnyOrder(t *testing.T) {
	const refused, first, fragmented, second, later = 1, 2, 3, 4, 5
	var sent int
	payloads := map[uint64]*Payload{}
	var b batch
	for token := uint64(refused); token <= later; token++ {
		payloads[token] = NewPayloadFromBytes(pattern(3000, byte(token)), nil)
		l := load{size: 3000}
		if token == fragmented {
			l.sent = func() { sent++ }
		}
		b.add(&ffi.Command{}, payloads[token], &l, token)
	}
	f := &flusher{batch: &b, scratch: new(flushScratch)}
	refer := func(segments ...ffi.Segment) {
		t.Helper()
		f.scratch.progress = ffi.Progress{SegmentsLen: copy(f.scratch.segments[:], segments)}
		f.arrange()
		for i, segment := range segments {
			if &f.pending[i][0] != &payloads[segment.Token].Data()[segment.Offset] {
				t.Errorf("segment %d is not of payload %d", i, segment.Token)
			}
		}
	}
	whole := func(token uint64) ffi.Segment { return ffi.Segment{Token: token, Len: 3000, Last: 1} }

	refer(whole(first), ffi.Segment{Token: fragmented, Len: 1000}, whole(second))
	refer(ffi.Segment{Token: fragmented, Offset: 1000, Len: 1000})
	f.used = len(b.commands)
	f.endBatch()
	f.forget(refused)
	if sent != 0 || len(f.payloads) != 2 {
		t.Errorf("%d payloads are kept, %d fragmented ones sent", len(f.payloads), sent)
	}
	refer(whole(later), ffi.Segment{Token: fragmented, Offset: 2000, Len: 1000, Last: 1})
	if sent != 1 || len(f.payloads) != 0 {
		t.Errorf("%d payloads are left, %d fragmented ones sent", len(f.payloads), sent)
	}
}
