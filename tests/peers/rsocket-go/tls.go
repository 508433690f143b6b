package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"os"
)

// tlsFiles are what the command line names.
type tlsFiles struct{ ca, cert, key string }

func (f *tlsFiles) addTo(flags *flag.FlagSet) {
	flags.StringVar(&f.ca, "tls-ca", "", "file of the authority that is trusted")
	flags.StringVar(&f.cert, "tls-cert", "", "file of the own certificate")
	flags.StringVar(&f.key, "tls-key", "", "file of its key")
}

// config is for both sides: each shows its certificate, and wants one of the authority. host is a server's, as its client
// has it; rsocket-go's client does not fill it in by itself.
func (f tlsFiles) config(host string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	text, err := os.ReadFile(f.ca)
	if err != nil {
		return nil, fmt.Errorf("reading the authority: %w", err)
	}
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", f.ca)
	}
	return &tls.Config{
		ServerName:   host,
		Certificates: []tls.Certificate{pair},
		RootCAs:      authority,
		ClientCAs:    authority,
		ClientAuth:   tls.RequireAndVerifyClientCert,
	}, nil
}
