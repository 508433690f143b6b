// Package interop runs peer programs of four implementations against each other and asserts what both sides saw. What a
// peer program does is stated in tests/peers/README.md.
package interop
