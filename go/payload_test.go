package rsocket

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"
)

// Conforms: payload/two-parts
func TestPayloadKeepsAbsentAndEmptyMetadataApart(t *testing.T) {
	tests := []struct {
		name         string
		payload      *Payload
		wantData     string
		wantMetadata string
		wantPresent  bool
	}{
		{"zero value", &Payload{}, "", "", false},
		{"nil", nil, "", "", false},
		{"strings", NewPayload("data", "metadata"), "data", "metadata", true},
		{"strings, empty metadata is absent", NewPayload("data", ""), "data", "", false},
		{"strings, empty data", NewPayload("", "metadata"), "", "metadata", true},
		{"strings, both empty", NewPayload("", ""), "", "", false},
		{"bytes", NewPayloadFromBytes([]byte("data"), []byte("metadata")), "data", "metadata", true},
		{"bytes, nil metadata is absent", NewPayloadFromBytes([]byte("data"), nil), "data", "", false},
		{"bytes, empty metadata is present", NewPayloadFromBytes([]byte("data"), []byte{}), "data", "", true},
		{"bytes, all nil", NewPayloadFromBytes(nil, nil), "", "", false},
		{"bytes, all empty", NewPayloadFromBytes([]byte{}, []byte{}), "", "", true},
		{"received", newReceived([]byte("metadata"), []byte("data"), true), "data", "metadata", true},
		{"received, empty metadata", newReceived(nil, []byte("data"), true), "data", "", true},
		{"received, nothing but empty metadata", newReceived(nil, nil, true), "", "", true},
		{"received, absent metadata is ignored", newReceived([]byte("junk"), []byte("data"), false), "data", "", false},
		{"owned", newOwned([]byte("metadatadata"), len("metadata"), true), "data", "metadata", true},
		{"owned, empty metadata", newOwned([]byte("data"), 0, true), "data", "", true},
		{"owned, only metadata", newOwned([]byte("metadata"), len("metadata"), true), "", "metadata", true},
		{"owned, absent metadata", newOwned([]byte("data"), 0, false), "data", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			payload := test.payload
			if got := payload.GetDataAsString(); got != test.wantData {
				t.Errorf("GetDataAsString() = %q, want %q", got, test.wantData)
			}
			if !bytes.Equal(payload.GetData(), payload.Data()) {
				t.Errorf("GetData() = %q, Data() = %q", payload.GetData(), payload.Data())
			}
			metadata, present := payload.Metadata()
			if string(metadata) != test.wantMetadata || present != test.wantPresent {
				t.Errorf("Metadata() = %q, %t, want %q, %t", metadata, present, test.wantMetadata, test.wantPresent)
			}
			if (metadata != nil) != present || payload.HasMetadata() != present || (payload.GetMetadata() != nil) != present {
				t.Errorf("nil metadata %t, HasMetadata() %t, nil GetMetadata() %t do not agree with present %t",
					metadata == nil, payload.HasMetadata(), payload.GetMetadata() == nil, present)
			}
			if got := payload.GetMetadataAsString(); got != test.wantMetadata {
				t.Errorf("GetMetadataAsString() = %q, want %q", got, test.wantMetadata)
			}
			if got, want := payload.Len(), len(test.wantData)+len(test.wantMetadata); got != want {
				t.Errorf("Len() = %d, want %d", got, want)
			}
		})
	}
}

// sizesAroundInline are the sizes on both sides of every change of memory layout.
var sizesAroundInline = []int{
	0, 1, inlineTiny - 1, inlineTiny, inlineTiny + 1, inlineSmall - 1, inlineSmall, inlineSmall + 1,
	inlineMedium - 1, inlineMedium, inlineMedium + 1,
	inlineLarge - 1, inlineLarge, inlineLarge + 1, 4096, 1 << 20,
}

func TestPayloadOwnsItsBytesAtEverySize(t *testing.T) {
	for _, size := range sizesAroundInline {
		for _, metadataSize := range []int{-1, 0, 1, size / 2, size} {
			if metadataSize > size {
				continue
			}
			t.Run(fmt.Sprintf("%d of it metadata %d", size, metadataSize), func(t *testing.T) {
				var metadata []byte
				if metadataSize >= 0 {
					metadata = pattern(metadataSize, 'm')
				}
				data := pattern(size-len(metadata), 'd')
				wantData, wantMetadata := bytes.Clone(data), bytes.Clone(metadata)

				payload := NewPayloadFromBytes(data, metadata)
				clear(data)
				clear(metadata)
				// Appending must not write into the other part or behind it.
				_ = append(payload.Data(), "overwritten"...)
				_ = append(payload.GetMetadata(), "overwritten"...)

				if !bytes.Equal(payload.Data(), wantData) {
					t.Error("the data changed")
				}
				if got, present := payload.Metadata(); !bytes.Equal(got, wantMetadata) || present != (metadataSize >= 0) {
					t.Errorf("the metadata changed, or its presence is wrong: %t", present)
				}
			})
		}
	}
}

func TestOwnedPayloadDoesNotCopy(t *testing.T) {
	bytes := []byte("metadatadata")
	payload := newOwned(bytes, 8, true)
	if &payload.Data()[0] != &bytes[8] || &payload.GetMetadata()[0] != &bytes[0] {
		t.Error("newOwned copied")
	}
}

func TestReceivedPayloadTakesAtMostTwoAllocations(t *testing.T) {
	for _, size := range sizesAroundInline {
		want := 1.0
		if size > inlineLarge {
			want = 2
		}
		buffer := pattern(size, 'b')
		for _, metadataSize := range []int{0, size / 4} {
			got := testing.AllocsPerRun(100, func() {
				sink = newReceived(buffer[:metadataSize], buffer[metadataSize:], metadataSize > 0)
			})
			if got > want {
				t.Errorf("%d bytes, metadata %d: %v allocations, want %v", size, metadataSize, got, want)
			}
		}
	}
}

func TestInlinePayloadsFillTheirSizeClass(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the sizes are chosen for 64-bit machines")
	}
	for _, object := range []struct {
		name      string
		got, want uintptr
	}{
		{"tiny", unsafe.Sizeof(payloadTiny{}), 96},
		{"small", unsafe.Sizeof(payloadSmall{}), 128},
		{"medium", unsafe.Sizeof(payloadMedium{}), 256},
		{"large", unsafe.Sizeof(payloadLarge{}), 512},
	} {
		if object.got != object.want {
			t.Errorf("the %s object has %d bytes, want %d", object.name, object.got, object.want)
		}
	}
}

func TestReleasedPayloadIsEmptyAndItsBytesAreUsedAgain(t *testing.T) {
	for _, size := range []int{inlineLarge + 1, 511, 512, 4096, 4099, 1 << 20, maxRecycled} {
		reused := false
		// A pool may lose what it is given: the garbage collector empties it, and the race detector has it forget.
		for attempt := 0; attempt < 100 && !reused; attempt++ {
			first := newReceived([]byte("m"), pattern(size-1, 'a'), true)
			bytes := first.bytes
			first.Release()
			if first.Len() != 0 || first.HasMetadata() || first.Data() != nil {
				t.Fatalf("%d bytes: a released payload has %d bytes", size, first.Len())
			}
			first.Release() // Does nothing.
			second := newReceived(nil, pattern(size, 'b'), false)
			reused = second.bytes == bytes
			if !holdsPattern(second, size) {
				t.Fatalf("%d bytes: the next payload's are not its own", size)
			}
			third := newReceived(nil, pattern(size, 'c'), false)
			if third.bytes == second.bytes {
				t.Fatalf("%d bytes are two payloads'", size)
			}
		}
		if !reused {
			t.Errorf("%d bytes were never used again", size)
		}
	}
}

func holdsPattern(p *Payload, size int) bool {
	return bytes.Equal(p.Data(), pattern(size, 'b')) && !p.HasMetadata()
}

func TestReleaseLeavesWhatItMust(t *testing.T) {
	lent := newReceived(nil, pattern(4096, 'l'), false)
	lent.lend()
	for name, payload := range map[string]*Payload{
		"one that was sent":         lent,
		"one that is to be sent":    NewPayloadFromBytes(pattern(4096, 'm'), nil).Once(),
		"one without bytes outside": newReceived(nil, pattern(inlineLarge, 's'), false),
		"one that is too long":      newReceived(nil, make([]byte, maxRecycled+1), false),
		"the zero value":            {},
		"nil":                       nil,
	} {
		want := payload.Len()
		payload.Release()
		if got := payload.Len(); got != want {
			t.Errorf("%s: %d bytes are left of %d", name, got, want)
		}
	}
}

func TestRecycledBytesAreLongEnough(t *testing.T) {
	for size := inlineLarge + 1; size < 1<<14; size++ {
		if class := recycledClass(size); class < 0 || class >= len(recycled) {
			t.Fatalf("%d bytes have the class %d", size, class)
		}
		newReceived(nil, make([]byte, size), false).Release()
		if got := newReceived(nil, make([]byte, size+1), false); int(got.memory.capacity()) < got.Len() {
			t.Fatalf("%d bytes hold a payload of %d", got.memory.capacity(), got.Len())
		}
	}
	if class := recycledClass(maxRecycled); class >= len(recycled) {
		t.Fatalf("%d bytes have the class %d", maxRecycled, class)
	}
}

// sink makes payloads escape, as they do in real use.
var sink *Payload

func BenchmarkNewReceived(b *testing.B) {
	for _, size := range []int{0, 16, 64, 128, 256, 464, 512, 1024, 4096} {
		for _, metadataSize := range []int{0, 16} {
			if metadataSize > size {
				continue
			}
			b.Run(fmt.Sprintf("bytes=%d/metadata=%d", size, metadataSize), func(b *testing.B) {
				buffer := pattern(size, 'b')
				b.ReportAllocs()
				for b.Loop() {
					sink = newReceived(buffer[:metadataSize], buffer[metadataSize:], metadataSize > 0)
				}
			})
		}
	}
}

// BenchmarkTwoObjects is what newReceived would cost without inline bytes.
func BenchmarkTwoObjects(b *testing.B) {
	for _, size := range []int{16, 64, 128, 256, 464, 512, 1024, 4096} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			buffer := pattern(size, 'b')
			b.ReportAllocs()
			for b.Loop() {
				data := make([]byte, len(buffer))
				copy(data, buffer)
				sink = newOwned(data, 0, false)
			}
		})
	}
}

func BenchmarkNewPayload(b *testing.B) {
	data := string(pattern(64, 'b'))
	b.ReportAllocs()
	for b.Loop() {
		sink = NewPayload(data, "route")
	}
}

func pattern(size int, first byte) []byte {
	made := make([]byte, size)
	for i := range made {
		made[i] = first + byte(i%16)
	}
	return made
}
