package main

import (
	"bytes"
	"context"
	"errors"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

type scenario func(context.Context, *rsocket.Conn, options, *report) error

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

func echo(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	if err := echoOnce(ctx, conn, o.echoRequest(), 0, r); err != nil {
		return err
	}
	return r.done()
}

func echoOnce(ctx context.Context, conn *rsocket.Conn, p *rsocket.Payload, index int, r *report) error {
	answer, err := request(ctx, conn, p)
	return r.either(index, answer, err)
}

func applicationError(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	failing := o.request
	failing.data = append([]byte(errorPrefix), o.echoRequest().Data()...)
	if err := echoOnce(ctx, conn, failing.payload(), 0, r); err != nil {
		return err
	}
	return r.done()
}

func fireAndForget(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	for i := range o.count {
		p := o.numberedRequest(i)
		if err := r.either(i, p, conn.FireAndForget(ctx, p)); err != nil {
			return err
		}
	}
	// The answer to a later request says that everything before it was written.
	if err := echoOnce(ctx, conn, o.numberedRequest(o.count), o.count, r); err != nil {
		return err
	}
	return r.done()
}

func idle(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	time.Sleep(o.idle)
	return echo(ctx, conn, o, r)
}

// rejected expects the server to refuse the setup and reports what a request then gets.
func rejected(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	return echo(ctx, conn, o, r)
}

type outcome struct {
	index  int
	answer *rsocket.Payload
	err    error
}

func concurrent(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	outcomes := make(chan outcome)
	for i := range o.count {
		go func() {
			answer, err := checkedEcho(ctx, conn, o.numberedRequest(i))
			outcomes <- outcome{i, answer, err}
		}()
	}
	return collect(outcomes, o.count, r)
}

func checkedEcho(ctx context.Context, conn *rsocket.Conn, p *rsocket.Payload) (*rsocket.Payload, error) {
	answer, err := request(ctx, conn, p)
	if err == nil && !bytes.Equal(answer.Data(), p.Data()) {
		return nil, errors.New("the echo differs from the request")
	}
	return answer, err
}

func loss(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	outcomes := make(chan outcome)
	for i := range o.count {
		go func() {
			answer, err := request(ctx, conn, rsocket.NewPayload(hangRequest, ""))
			outcomes <- outcome{i, answer, err}
		}()
	}
	if err := r.inflight(o.count); err != nil {
		return err
	}
	return collect(outcomes, o.count, r)
}

// collect reports requests as they end.
func collect(outcomes <-chan outcome, count int, r *report) error {
	for range count {
		got := <-outcomes
		if err := r.either(got.index, got.answer, got.err); err != nil {
			return err
		}
	}
	return r.done()
}
