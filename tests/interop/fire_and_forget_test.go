package interop

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
)

// Every fire-and-forget arrives, once and whole. Handlers run at once, so their order is the server's own.
//
// Conforms: fire-and-forget/one-frame
func TestFireAndForget(t *testing.T) {
	const count, size = 50, 300
	eachPair(t, func(t *testing.T, p pair) {
		s := startServer(t, p)
		c := startClient(t, p.client, s, "fnf", "--count", strconv.Itoa(count), "--size", strconv.Itoa(size), "--metadata", "m")
		metadata := digest([]byte("m"))
		results := c.finish(t, count+1)
		s.expectSetup(t, "")
		var want, got []string
		for i := range count {
			expectEcho(t, results[i], numbered(i, size), metadata)
			want = append(want, fmt.Sprintf("fnf data=%s metadata=%s", digest([]byte(numbered(i, size))), metadata))
			got = append(got, s.nextLine(t))
		}
		expectEcho(t, results[count], numbered(count, size), metadata)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s: got the requests\n%q\nwant\n%q", s.name, got, want)
		}
		s.terminate(t)
	})
}
