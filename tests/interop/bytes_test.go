package interop

import (
	"crypto/sha256"
	"fmt"
	"strconv"
)

// pattern gives the n bytes that every peer derives alike from a seed (see tests/peers/README.md).
func pattern(seed uint32, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		seed = seed*1664525 + 1013904223
		out[i] = byte(seed >> 24)
	}
	return out
}

// numbered gives the data of the i-th of several distinct requests.
func numbered(i, size int) string {
	return strconv.Itoa(i) + ":" + string(pattern(uint32(i), size))
}

// digest describes bytes as the peers do.
func digest(b []byte) string {
	return fmt.Sprintf("%d:%x", len(b), sha256.Sum256(b))
}
