// Package soak holds what grows only over many requests: memory and goroutines. Its servers are the peer programs of
// tests/peers.
package soak
