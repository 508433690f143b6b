package main

import (
	"fmt"
	"net/url"
)

const (
	tcpScheme = "tcp"
	tlsScheme = "tls"
	wsScheme  = "ws"
	wssScheme = "wss"
)

func isSecure(address *url.URL) bool {
	return address.Scheme == tlsScheme || address.Scheme == wssScheme
}

func isWebSocket(address *url.URL) bool {
	return address.Scheme == wsScheme || address.Scheme == wssScheme
}

// parseAddress reads tcp://HOST:PORT and ws://HOST:PORT/PATH, and tls:// and wss:// likewise.
func parseAddress(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading the address: %w", err)
	}
	switch address.Scheme {
	case tcpScheme, tlsScheme, wsScheme, wssScheme:
		return address, nil
	default:
		return nil, fmt.Errorf("address %q is not of %s://, %s://, %s:// or %s://", text, tcpScheme, tlsScheme, wsScheme, wssScheme)
	}
}
