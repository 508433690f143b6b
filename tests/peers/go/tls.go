package main

import (
	"flag"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// tlsFiles are what the command line names; all empty without TLS.
type tlsFiles struct{ ca, cert, key string }

func (f *tlsFiles) addTo(flags *flag.FlagSet) {
	flags.StringVar(&f.ca, "tls-ca", "", "file of the authority that is trusted")
	flags.StringVar(&f.cert, "tls-cert", "", "file of the own certificate")
	flags.StringVar(&f.key, "tls-key", "", "file of its key")
}

func (f tlsFiles) options() []rsocket.Option {
	if f == (tlsFiles{}) {
		return nil
	}
	return []rsocket.Option{rsocket.WithTLSFiles(f.ca, f.cert, f.key)}
}
