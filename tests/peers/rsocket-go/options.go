package main

import (
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"time"
)

// options is what the client's command line asks for.
type options struct {
	connect           string
	scenario          string
	keepaliveInterval time.Duration
	keepaliveLifetime time.Duration
	setup             message
	request           message
	dataGiven         bool
	count             int
	size              int
	prefetch          int
	after             int
	idle              time.Duration
	resume            bool
	// closed is closed with a connection that uses leases.
	closed chan struct{}
	tls    tlsFiles
}

func parseOptions(args []string, usageOutput io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("client", flag.ContinueOnError)
	flags.SetOutput(usageOutput)
	flags.StringVar(&o.connect, "connect", "", "address of the server, tcp://HOST:PORT or ws://HOST:PORT/PATH, or tls:// or wss:// likewise")
	flags.StringVar(&o.scenario, "scenario", "", "what to do")
	flags.DurationVar(&o.keepaliveInterval, "keepalive-interval", 20*time.Second, "time between KEEPALIVE frames")
	flags.DurationVar(&o.keepaliveLifetime, "keepalive-lifetime", 90*time.Second, "how long the server may be silent")
	flags.Func("setup-data", "setup data", func(s string) error { o.setup.data = []byte(s); return nil })
	flags.Func("setup-metadata", "setup metadata", func(s string) error { o.setup.setMetadata([]byte(s)); return nil })
	flags.Func("data", "request data", func(s string) error { o.setData([]byte(s)); return nil })
	flags.Func("data-hex", "request data in hexadecimal", func(s string) error { return fromHex(s, o.setData) })
	flags.Func("metadata", "request metadata", func(s string) error { o.request.setMetadata([]byte(s)); return nil })
	flags.Func("metadata-hex", "request metadata in hexadecimal", func(s string) error { return fromHex(s, o.request.setMetadata) })
	noMetadata := flags.Bool("no-metadata", false, "no request metadata, as when no other flag gives any")
	flags.IntVar(&o.count, "count", 1, "how many requests, or items")
	flags.IntVar(&o.size, "size", 0, "bytes of pattern in a request's data, or in an item")
	flags.IntVar(&o.prefetch, "prefetch", 256, "how many items to ask for ahead")
	flags.IntVar(&o.after, "after", 1, "how many items to take before cancelling")
	o.tls.addTo(flags)
	flags.DurationVar(&o.idle, "idle", 0, "how long to be silent")
	flags.BoolVar(&o.resume, "resume", false, "propose that the connection outlive its transport")
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("reading the flags: %w", err)
	}
	if *noMetadata {
		o.request.metadata, o.request.hasMetadata = nil, false
	}
	if o.count < 0 || o.size < 0 || o.after < 0 {
		return o, fmt.Errorf("--count %d, --size %d and --after %d: none may be negative", o.count, o.size, o.after)
	}
	return o, nil
}

func (o *options) setData(data []byte) { o.request.data, o.dataGiven = data, true }

func (m *message) setMetadata(metadata []byte) { m.metadata, m.hasMetadata = metadata, true }

func fromHex(s string, set func([]byte)) error {
	b, err := hex.DecodeString(s)
	if err != nil {
		return err
	}
	set(b)
	return nil
}

// echoRequest is the request of the scenarios that send one: the data given, or --size bytes of pattern.
func (o *options) echoRequest() message {
	request := o.request
	if !o.dataGiven {
		request.data = pattern(0, o.size)
	}
	return request
}

// text is the data given, or else a text to use instead.
func (o *options) text(otherwise string) string {
	if !o.dataGiven {
		return otherwise
	}
	return string(o.request.data)
}

// numberedRequest is the i-th request of the scenarios that send several.
func (o *options) numberedRequest(i int) message {
	request := o.request
	request.data = numbered(i, o.size)
	return request
}
