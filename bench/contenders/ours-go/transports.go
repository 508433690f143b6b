package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// transports are where a server listens, and with which options.
var transports = map[string]func() (url string, options []rsocket.Option, err error){
	"tcp":  plain("tcp://127.0.0.1:0"),
	"ws":   plain("ws://127.0.0.1:0"),
	"tls":  secure("tls://127.0.0.1:0"),
	"wss":  secure("wss://127.0.0.1:0"),
	"unix": unix,
}

func plain(url string) func() (string, []rsocket.Option, error) {
	return func() (string, []rsocket.Option, error) { return url, nil, nil }
}

func secure(url string) func() (string, []rsocket.Option, error) {
	return func() (string, []rsocket.Option, error) {
		certificate, err := newCertificate()
		if err != nil {
			return "", nil, err
		}
		config := &tls.Config{Certificates: []tls.Certificate{certificate}}
		return url, []rsocket.Option{rsocket.WithTLS(config)}, nil
	}
}

// unix listens in the folder for temporary files, where a server that is killed leaves its socket.
func unix() (string, []rsocket.Option, error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("rsocket-bench-%d", os.Getpid()))
	return "unix://" + path, nil, nil
}

// dialled is what clients dial: the address alone where that is TCP's.
func dialled(url string, listener net.Listener) string {
	if scheme, _, _ := strings.Cut(url, "://"); scheme != "tcp" {
		return scheme + "://" + listener.Addr().String()
	}
	return listener.Addr().String()
}

func isSecure(url string) bool {
	return strings.HasPrefix(url, "tls://") || strings.HasPrefix(url, "wss://")
}

// trusting takes any certificate: what is measured begins after the handshake.
var trusting = &tls.Config{InsecureSkipVerify: true}

func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{made}, PrivateKey: key}, nil
}
