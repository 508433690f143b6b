package rsocket_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// A server whose certificate can be renewed while it runs, for clients that have one of its authority.
func ExampleWithTLSFiles() {
	ctx := context.Background()
	certificates := rsocket.WithTLSFiles("clients-ca.pem", "cert.pem", "key.pem")
	listener, err := rsocket.Listen(ctx, "tls://:7878", certificates)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rsocket.Serve(ctx, listener, rsocket.Handler{
		RequestResponse: func(ctx context.Context, _ *rsocket.Payload) (*rsocket.Payload, error) {
			state, _ := rsocket.ConnFromContext(ctx).TLS()
			client := state.PeerCertificates[0].Subject.CommonName
			return rsocket.NewPayload("Hello, "+client+"!", ""), nil
		},
	}))
}

// A client that tells its user what is wrong with a server's certificate.
func ExampleWithTLSPEM() {
	var authority []byte // PEM
	conn, err := rsocket.Dial(context.Background(), "tls://localhost:7878", rsocket.WithTLSPEM(authority, nil, nil))
	var host x509.HostnameError
	switch {
	case errors.As(err, &host):
		fmt.Println("the server is", host.Certificate.DNSNames)
		return
	case errors.Is(err, rsocket.ErrTLSCertificateExpired):
		fmt.Println("ask the server's administrator for a new certificate")
		return
	case err != nil:
		fmt.Println(err)
		return
	}
	defer conn.Close()
}
