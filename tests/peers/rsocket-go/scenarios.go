package main

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/rsocket/rsocket-go"
	"github.com/rsocket/rsocket-go/payload"
)

// lossBound is how long a request may take to fail after its connection is lost.
const lossBound = 10 * time.Second

var errHung = errors.New("hung")

type scenario func(rsocket.Client, options, *report) error

var scenarios = map[string]scenario{
	"echo":          echo,
	"error":         applicationError,
	"cancel":        cancel,
	"concurrent":    concurrent,
	"loss":          loss,
	"fnf":           fireAndForget,
	"idle":          idle,
	"rejected":      rejected,
	"stream":        stream,
	"stream-cancel": streamCancel,
	"stream-error":  streamError,
	"stream-big":    streamBig,
	"channel":       channel,
	"push":          push,
	"lease":         leaseLimited,
	"lease-renewed": leaseRenewed,
}

var needsLeases = map[string]bool{"lease": true, "lease-renewed": true}

func echo(client rsocket.Client, o options, r *report) error {
	if err := echoOnce(client, o.echoRequest(), 0, r); err != nil {
		return err
	}
	return r.done()
}

func echoOnce(client rsocket.Client, m message, index int, r *report) error {
	response, err := bounded(client, m)
	return r.either(index, response, err)
}

func applicationError(client rsocket.Client, o options, r *report) error {
	m := o.echoRequest()
	m.data = append([]byte(errorPrefix), m.data...)
	if err := echoOnce(client, m, 0, r); err != nil {
		return err
	}
	return r.done()
}

func fireAndForget(client rsocket.Client, o options, r *report) error {
	for i := range o.count {
		m := o.numberedRequest(i)
		client.FireAndForget(payload.New(m.data, m.metadata))
		if err := r.success(i, m); err != nil {
			return err
		}
	}
	// The answer to a later request says that everything before it was written.
	if err := echoOnce(client, o.numberedRequest(o.count), o.count, r); err != nil {
		return err
	}
	return r.done()
}

func idle(client rsocket.Client, o options, r *report) error {
	time.Sleep(o.idle)
	return echo(client, o, r)
}

// rejected expects the server to refuse the setup and reports what a request then gets.
func rejected(client rsocket.Client, o options, r *report) error { return echo(client, o, r) }

type outcome struct {
	index    int
	response message
	err      error
}

func concurrent(client rsocket.Client, o options, r *report) error {
	outcomes := make(chan outcome)
	for i := range o.count {
		go func() { outcomes <- checkedEcho(client, i, o.numberedRequest(i)) }()
	}
	for range o.count {
		got := <-outcomes
		if err := r.either(got.index, got.response, got.err); err != nil {
			return err
		}
	}
	return r.done()
}

func checkedEcho(client rsocket.Client, index int, m message) outcome {
	response, err := bounded(client, m)
	if err == nil && !bytes.Equal(response.data, m.data) {
		err = errors.New("the echo differs from the request")
	}
	return outcome{index, response, err}
}

func loss(client rsocket.Client, o options, r *report) error {
	outcomes := make(chan outcome)
	for i := range o.count {
		go func() {
			response, err := request(context.Background(), client, message{data: []byte(hangRequest)})
			outcomes <- outcome{i, response, err}
		}()
	}
	if err := r.inflight(o.count); err != nil {
		return err
	}
	return collectLost(outcomes, o.count, r)
}

// collectLost reports each request's end; those that have not ended by the bound are reported as hung.
func collectLost(outcomes <-chan outcome, count int, r *report) error {
	ended := make([]bool, count)
	bound := time.After(lossBound)
	for range count {
		select {
		case got := <-outcomes:
			ended[got.index] = true
			if err := r.either(got.index, got.response, got.err); err != nil {
				return err
			}
		case <-bound:
			return reportHung(ended, r)
		}
	}
	return r.done()
}

func reportHung(ended []bool, r *report) error {
	for i, done := range ended {
		if done {
			continue
		}
		if err := r.failure(i, errHung); err != nil {
			return err
		}
	}
	return r.done()
}

// bounded is request with the bound after which a silent server counts as hung.
func bounded(client rsocket.Client, m message) (message, error) {
	ctx, stop := context.WithTimeout(context.Background(), lossBound)
	defer stop()
	response, err := request(ctx, client, m)
	if err != nil && ctx.Err() != nil {
		return message{}, errHung
	}
	return response, err
}
