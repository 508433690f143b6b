package main

import (
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// parts are a payload's as the command line gives them: nil where it does not.
type parts struct{ data, metadata []byte }

func (p parts) payload() *rsocket.Payload { return rsocket.NewPayloadFromBytes(p.data, p.metadata) }

// options is what the client's command line asks for.
type options struct {
	connect           string
	scenario          string
	keepaliveInterval time.Duration
	keepaliveLifetime time.Duration
	setup             parts
	request           parts
	count             int
	size              int
	prefetch          int
	after             int
	idle              time.Duration
	resume            bool
	grant             int
	// leases is set where the scenario needs leases.
	leases leases
	tls    tlsFiles
}

func parseOptions(args []string, usageOutput io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("client", flag.ContinueOnError)
	flags.SetOutput(usageOutput)
	flags.StringVar(&o.connect, "connect", "", "address of the server, tcp://HOST:PORT or ws://HOST:PORT/PATH, or tls://, quic:// or wss:// likewise")
	flags.StringVar(&o.scenario, "scenario", "", "what to do")
	flags.DurationVar(&o.keepaliveInterval, "keepalive-interval", 20*time.Second, "time between KEEPALIVE frames")
	flags.DurationVar(&o.keepaliveLifetime, "keepalive-lifetime", 90*time.Second, "how long the server may be silent")
	flags.Func("setup-data", "setup data", text(&o.setup.data))
	flags.Func("setup-metadata", "setup metadata", text(&o.setup.metadata))
	flags.Func("data", "request data", text(&o.request.data))
	flags.Func("data-hex", "request data in hexadecimal", hexadecimal(&o.request.data))
	flags.Func("metadata", "request metadata", text(&o.request.metadata))
	flags.Func("metadata-hex", "request metadata in hexadecimal", hexadecimal(&o.request.metadata))
	noMetadata := flags.Bool("no-metadata", false, "no request metadata, as when no other flag gives any")
	flags.IntVar(&o.count, "count", 1, "how many requests, or items")
	flags.IntVar(&o.size, "size", 0, "bytes of pattern in a request's data, or in an item")
	flags.IntVar(&o.prefetch, "prefetch", 256, "how many items to ask for ahead")
	flags.IntVar(&o.after, "after", 1, "how many items to take before cancelling")
	o.tls.addTo(flags)
	flags.DurationVar(&o.idle, "idle", 0, "how long to be silent")
	flags.BoolVar(&o.resume, "resume", false, "propose that the connection outlive its transport")
	flags.IntVar(&o.grant, "grant", 0, "in the scenario lease: how many requests to grant the server, 0 for none")
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("reading the flags: %w", err)
	}
	if *noMetadata {
		o.request.metadata = nil
	}
	if o.count < 0 || o.size < 0 || o.after < 0 {
		return o, fmt.Errorf("--count %d, --size %d and --after %d: none may be negative", o.count, o.size, o.after)
	}
	return o, nil
}

// text reads a flag's value as it stands. What it sets is never nil.
func text(into *[]byte) func(string) error {
	return func(s string) error {
		*into = []byte(s)
		return nil
	}
}

// hexadecimal is text for bytes that a command line cannot carry.
func hexadecimal(into *[]byte) func(string) error {
	return func(s string) (err error) {
		*into, err = hex.DecodeString(s)
		return err
	}
}

// echoRequest is the request of the scenarios that send one: the data given, or --size bytes of pattern.
func (o *options) echoRequest() *rsocket.Payload {
	request := o.request
	if request.data == nil {
		request.data = pattern(0, o.size)
	}
	return request.payload()
}

// text is the data given, or else a text to use instead.
func (o *options) text(otherwise string) string {
	if o.request.data == nil {
		return otherwise
	}
	return string(o.request.data)
}

// numberedRequest is the i-th request of the scenarios that send several.
func (o *options) numberedRequest(i int) *rsocket.Payload {
	request := o.request
	request.data = numbered(i, o.size)
	return request.payload()
}
