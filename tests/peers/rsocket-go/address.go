package main

import (
	"fmt"
	"net/url"
)

const (
	tcpScheme = "tcp"
	wsScheme  = "ws"
)

// parseAddress reads tcp://HOST:PORT and ws://HOST:PORT/PATH.
func parseAddress(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading the address: %w", err)
	}
	if address.Scheme != tcpScheme && address.Scheme != wsScheme {
		return nil, fmt.Errorf("address %q begins with neither %s:// nor %s://", text, tcpScheme, wsScheme)
	}
	return address, nil
}
