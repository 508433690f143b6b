//go:build !unix

package rsocket

// passes reports whether an accept that failed with err may work later.
func passes(error) bool {
	return false
}
