// Command nats is NATS' request-reply as a contender of the benchmark. Its server is nats-server in this program, with a responder that
// is connected to it as the client is: a request goes from the client through the server to the responder, and back.
package main

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/contenders/others"
	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

const (
	subject = "bench"
	timeout = 30 * time.Second
)

func main() {
	load.Main(load.Contender{
		Name:     "nats",
		Versions: others.Versions("github.com/nats-io/nats-server/v2", "github.com/nats-io/nats.go"),
		Serve:    serve,
		Dial:     dial,
	})
}

func serve(string, *atomic.Uint64) (string, error) {
	broker, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		return "", err
	}
	broker.Start()
	if !broker.ReadyForConnections(timeout) {
		return "", errors.New("nats-server is not ready")
	}
	responder, err := nats.Connect(broker.ClientURL())
	if err != nil {
		return "", fmt.Errorf("connecting the responder: %w", err)
	}
	_, err = responder.Subscribe(subject, func(request *nats.Msg) {
		_ = request.Respond(request.Data) // an error means that the program ends
	})
	if err != nil {
		return "", fmt.Errorf("subscribing: %w", err)
	}
	return broker.Addr().String(), responder.Flush()
}

func dial(settings load.Settings) (load.Conn, error) {
	var options []nats.Option
	if settings.Keepalive > 0 {
		options = append(options, nats.PingInterval(settings.Keepalive))
	}
	client, err := nats.Connect("nats://"+settings.Connect, options...)
	if err != nil {
		return nil, err
	}
	return conn{client}, nil
}

type conn struct{ client *nats.Conn }

func (c conn) Close() { c.client.Close() }

func (c conn) NewRequest(data []byte) load.Request { return data }

func (c conn) RequestResponse(request load.Request) load.Ask {
	data := request.([]byte)
	return func(look func([]byte)) error {
		answer, err := c.client.Request(subject, data, timeout)
		if err != nil {
			return err
		}
		look(answer.Data)
		return nil
	}
}
