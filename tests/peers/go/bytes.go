package main

import (
	"crypto/sha256"
	"fmt"
	"strconv"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

const noMetadata = "none"

// pattern returns n bytes that every peer and the harness derive alike from a seed.
func pattern(seed uint32, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		seed = seed*1664525 + 1013904223
		out[i] = byte(seed >> 24)
	}
	return out
}

// numbered returns the i-th of several distinct payloads' data: the index, a colon and n bytes of pattern.
func numbered(i, n int) []byte {
	return append([]byte(strconv.Itoa(i)+":"), pattern(uint32(i), n)...)
}

// digest describes bytes as their length and SHA-256.
func digest(b []byte) string {
	return fmt.Sprintf("%d:%x", len(b), sha256.Sum256(b))
}

func metadataDigest(p *rsocket.Payload) string {
	metadata, ok := p.Metadata()
	if !ok {
		return noMetadata
	}
	return digest(metadata)
}

func metadataHex(p *rsocket.Payload) string {
	metadata, ok := p.Metadata()
	if !ok {
		return noMetadata
	}
	return fmt.Sprintf("%x", metadata)
}
