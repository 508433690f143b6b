package rsocket

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// receiving feeds a reader with frames of four bytes of length and a body, and takes them as the engine does.
type receiving struct {
	t *testing.T
	r reader
	// sent is what was fed and has not come out.
	sent [][]byte
	// needed is the length of the frame that the engine waits for.
	needed, reads, cessions int
}

// feed has a read bring so many bytes at most, and returns what is left.
func (f *receiving) feed(input []byte, most int) []byte {
	f.reads++
	n := copy(f.r.space(), input[:min(most, len(input))])
	f.r.received(n)
	f.take()
	return input[n:]
}

func (f *receiving) take() {
	unread, used := f.r.unread(), 0
	f.needed = 4
	for f.needed <= len(unread)-used {
		f.needed = 4 + int(binary.BigEndian.Uint32(unread[used:]))
		if f.needed > len(unread)-used {
			break
		}
		f.takeFrame(used, unread[used+4:][:f.needed-4])
		used += f.needed
		f.needed = 4
	}
	f.r.taken(used, f.needed)
}

func (f *receiving) takeFrame(at int, body []byte) {
	f.t.Helper()
	if !bytes.Equal(body, f.sent[0]) {
		f.t.Fatalf("a body of %d bytes came as %d others", len(f.sent[0]), len(body))
	}
	f.sent = f.sent[1:]
	memory, ceded := f.r.cede(at+4, len(body))
	if !ceded {
		return
	}
	f.cessions++
	if int(memory.capacity()) > 2*len(body) {
		f.t.Errorf("a payload of %d bytes keeps %d", len(body), memory.capacity())
	}
	clear(body) // Its owner may do what it likes.
}

func (f *receiving) frame(size int) []byte {
	body := pattern(size, byte(size))
	f.sent = append(f.sent, body)
	return append(binary.BigEndian.AppendUint32(nil, uint32(size)), body...)
}

func TestFramesOfAnyLengthAreReceivedHoweverTheyArrive(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	sizes := []int{0, 1, 100, 511, 4096, minCeded, longFrame, 40_000, 65_532, 65_536, 70_000, 131_072, 300_000}
	pieces := []int{1, 100, 4096, 65_536, 1 << 20}
	for range 200 {
		f := &receiving{t: t}
		var input []byte
		for range 1 + random.IntN(8) {
			size := sizes[random.IntN(len(sizes))]
			for range 1 + random.IntN(3) {
				input = append(input, f.frame(size)...)
			}
		}
		most := pieces[1+random.IntN(len(pieces)-1)]
		for len(input) > 0 {
			piece := most
			if random.IntN(8) == 0 {
				piece = pieces[random.IntN(len(pieces))]
			}
			input = f.feed(input, piece)
		}
		if len(f.sent) > 0 {
			t.Fatalf("%d frames did not come", len(f.sent))
		}
	}
}

// A long frame after another one like it takes one read, and its payload keeps what it was read into.
func TestLongFramesAreReadByThemselves(t *testing.T) {
	for _, size := range []int{40_000, 65_536, 120_000} {
		f := &receiving{t: t}
		var input []byte
		const frames, warmUp = 20, 3
		for range frames {
			input = append(input, f.frame(size)...)
		}
		for len(f.sent) > frames-warmUp {
			input = f.feed(input, len(input))
		}
		f.reads, f.cessions = 0, 0
		for len(input) > 0 {
			input = f.feed(input, len(input))
		}
		if most := frames - warmUp + 1; f.reads > most || f.cessions < frames-warmUp {
			t.Errorf("%d frames of %d bytes took %d reads, and %d payloads kept what they came in", frames-warmUp, size, f.reads, f.cessions)
		}
	}
}

// A length that is announced costs a readBuffer, and beyond that no more memory than four times what has arrived.
func TestAnnouncedLengthIsBelievedAsFastAsItArrives(t *testing.T) {
	f := &receiving{t: t}
	input := f.frame(16 << 20)
	arrived := 0
	for len(input) > 0 {
		before := len(input)
		input = f.feed(input, 10_000)
		arrived += before - len(input)
		if held := cap(f.r.buffer); held > max(readBuffer, 4*arrived) {
			t.Fatalf("%d bytes of memory after %d that arrived", held, arrived)
		}
	}
	if held := cap(f.r.buffer); held > keptBuffer {
		t.Errorf("%d bytes of memory after the frame", held)
	}
}

func TestReaderIsSmallAgainAfterLongFrames(t *testing.T) {
	f := &receiving{t: t}
	for range 3 {
		for input := f.frame(65_536); len(input) > 0; {
			input = f.feed(input, len(input))
		}
	}
	for range calmReads {
		f.feed(f.frame(1), 5)
	}
	if held := cap(f.r.buffer); held > idleBuffer {
		t.Errorf("%d bytes of memory are kept", held)
	}
}
