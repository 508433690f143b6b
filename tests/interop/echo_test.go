package interop

import (
	"encoding/hex"
	"strconv"
	"testing"
)

// Conforms: framing/tcp, framing/no-length-in-messages, request-response/answered
func TestEcho(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		everyByte := string(allBytes())
		for _, c := range []struct {
			name           string
			flags          []string
			data, metadata string
		}{
			{"text", []string{"--data", "hello", "--metadata", "route"}, "hello", digest([]byte("route"))},
			{"no metadata", []string{"--data", "hello", "--no-metadata"}, "hello", noMetadata},
			{"nothing", []string{"--data", ""}, "", noMetadata},
			{"no data", []string{"--data", "", "--metadata", "m"}, "", digest([]byte("m"))},
			{"every byte", []string{"--data-hex", hex.EncodeToString(allBytes()), "--metadata-hex", hex.EncodeToString(allBytes())},
				everyByte, digest(allBytes())},
			{"4 KiB", []string{"--size", "4096"}, string(pattern(0, 4096)), noMetadata},
			{"1 MiB", []string{"--size", "1048576"}, string(pattern(0, 1<<20)), noMetadata},
		} {
			t.Run(c.name, func(t *testing.T) {
				got := startClient(t, p.client, s, "echo", c.flags...).only(t)
				s.expectSetup(t, "")
				expectEcho(t, got, c.data, c.metadata)
			})
		}
		s.terminate(t)
	})
}

// Empty metadata is not the same as none.
//
// Conforms: payload/two-parts
func TestEchoEmptyMetadata(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		got := startClient(t, p.client, s, "echo", "--data", "hello", "--metadata", "").only(t)
		want := digest(nil)
		if p.deviates(dropsEmptyMetadata) {
			want = noMetadata
		}
		expectEcho(t, got, "hello", want)
		s.terminate(t)
	})
}

// A payload that does not fit a frame's 24 bits is cut into fragments, with no flag asking for it.
//
// Conforms: framing/max-frame, fragmentation/allowed
func TestEchoLarge(t *testing.T) {
	const size = 17 << 20
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		got := startClient(t, p.client, s, "echo", "--size", strconv.Itoa(size)).only(t)
		s.expectSetup(t, "")
		if !p.deviates(diesOfLargeFrames) {
			expectEcho(t, got, string(pattern(0, size)), noMetadata)
		} else if got.OK {
			t.Fatalf("result %+v, want a failure: %s", got, diesOfLargeFrames)
		}
		s.expectServes(t, p.client)
	})
}

func TestConcurrent(t *testing.T) {
	const count, size = 100, 200
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		flags := []string{"--count", strconv.Itoa(count), "--size", strconv.Itoa(size)}
		for i, got := range startClient(t, p.client, s, "concurrent", flags...).finish(t, count) {
			expectEcho(t, got, numbered(i, size), noMetadata)
		}
		s.expectSetup(t, "")
		s.terminate(t)
	})
}

// allBytes has each byte once, among them those that are no UTF-8.
func allBytes() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}
