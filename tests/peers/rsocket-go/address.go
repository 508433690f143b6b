package main

import (
	"fmt"
	"strings"
)

const tcpScheme = "tcp://"

// hostPort takes HOST:PORT out of tcp://HOST:PORT.
func hostPort(url string) (string, error) {
	address, ok := strings.CutPrefix(url, tcpScheme)
	if !ok {
		return "", fmt.Errorf("address %q does not begin with %s", url, tcpScheme)
	}
	return address, nil
}
