package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rsocket/rsocket-go"
	"github.com/rsocket/rsocket-go/payload"
)

func runClient(args []string) error {
	o, err := parseOptions(args, os.Stderr)
	if err != nil {
		return err
	}
	run, ok := scenarios[o.scenario]
	if !ok {
		return fmt.Errorf("unknown scenario %q", o.scenario)
	}
	o.closed = make(chan struct{})
	client, err := connect(o)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", o.connect, err)
	}
	defer client.Close()
	if o.resume {
		// When this is answered the server knows the session. What else comes of it shows in the scenario's requests.
		_, _ = bounded(client, message{})
	}
	report := &report{scenario: o.scenario, out: newLines(os.Stdout)}
	if err := run(client, o, report); err != nil {
		return fmt.Errorf("scenario %s: %w", o.scenario, err)
	}
	return nil
}

func connect(o options) (rsocket.Client, error) {
	address, err := parseAddress(o.connect)
	if err != nil {
		return nil, err
	}
	tcp, webSocket := rsocket.TCPClient().SetAddr(address.Host), rsocket.WebsocketClient().SetURL(address.String())
	if isSecure(address) {
		config, err := o.tls.config(address.Hostname())
		if err != nil {
			return nil, err
		}
		tcp, webSocket = tcp.SetTLSConfig(config), webSocket.SetTLSConfig(config)
	}
	through := tcp.Build()
	if isWebSocket(address) {
		through = webSocket.Build()
	}
	builder := rsocket.Connect().
		KeepAlive(o.keepaliveInterval, o.keepaliveLifetime, 1).
		SetupPayload(payload.New(o.setup.data, o.setup.metadata))
	if needsLeases[o.scenario] {
		builder = builder.Lease().OnClose(func(error) { close(o.closed) })
	}
	if o.resume {
		builder = builder.Resume()
	}
	return builder.
		Transport(through).
		Start(context.Background())
}

// request sends a request-response and waits for its answer, which is copied out of the library's memory.
// rsocket-go does not send CANCEL when ctx ends; it only stops waiting.
// It panics when the connection ends at the wrong moment; that is reported as what it is, the request's failure.
func request(ctx context.Context, client rsocket.Client, m message) (_ message, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("rsocket-go panicked: %v", cause)
		}
	}()
	response, release, err := client.RequestResponse(payload.New(m.data, m.metadata)).BlockUnsafe(ctx)
	if err != nil {
		return message{}, err
	}
	if response == nil {
		return message{}, errors.New("completed without a payload")
	}
	defer release()
	metadata, ok := response.Metadata()
	return message{
		data:        append([]byte(nil), response.Data()...),
		metadata:    append([]byte(nil), metadata...),
		hasMetadata: ok,
	}, nil
}
