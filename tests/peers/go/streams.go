package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// defaultMessage is what stream-error asks for unless data is given.
const defaultMessage = "boom"

// expected says whether an item is the one that belongs at an index.
type expected func(index int, data []byte) bool

func isNumber(index int, data []byte) bool { return string(data) == strconv.Itoa(index) }

func stream(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	return oneStream(ctx, conn, o, r, strconv.Itoa(o.count), isNumber)
}

func streamError(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	return oneStream(ctx, conn, o, r, fmt.Sprintf("%d:error:%s", o.count, o.text(defaultMessage)), isNumber)
}

func streamBig(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	return oneStream(ctx, conn, o, r, fmt.Sprintf("big:%d:%d", o.size, o.count), func(index int, data []byte) bool {
		return bytes.Equal(data, pattern(uint32(index), o.size))
	})
}

// oneStream takes a stream to its end.
func oneStream(ctx context.Context, conn *rsocket.Conn, o options, r *report, data string, want expected) error {
	line := count(ctx, all, want, func(ctx context.Context) items { return o.stream(ctx, conn, data) })
	if err := r.items(line); err != nil {
		return err
	}
	return r.done()
}

// streamCancel takes some items of a stream that has more, leaves it and shows with an echo that the connection lives on.
func streamCancel(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	asked := strconv.Itoa(max(o.count, o.after+1_000_000))
	line := count(ctx, o.after, isNumber, func(ctx context.Context) items { return o.stream(ctx, conn, asked) })
	if line.Error == "" {
		line.Error = errCancelled.Error()
	}
	if err := r.items(line); err != nil {
		return err
	}
	if err := echoOnce(ctx, conn, o.echoRequest(), 1, r); err != nil {
		return err
	}
	return r.done()
}

func channel(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	first := o.text("")
	want := func(index int, data []byte) bool {
		return index == 0 && first != "" && string(data) == first || isNumber(index, data)
	}
	line := count(ctx, all, want, func(ctx context.Context) items {
		return conn.RequestChannel(ctx, numbers(o.count, first), rsocket.WithPrefetch(o.prefetch))
	})
	if err := r.items(line); err != nil {
		return err
	}
	return r.done()
}

// push pushes metadata, and shows with an echo that it went out.
func push(ctx context.Context, conn *rsocket.Conn, o options, r *report) error {
	line := itemsLine{Items: 1, Ordered: true}
	if err := conn.MetadataPush(ctx, o.echoRequest().Data()); err != nil {
		line = itemsLine{}
		line.fail(err)
	}
	if err := r.items(line); err != nil {
		return err
	}
	if err := echoOnce(ctx, conn, rsocket.NewPayload("", ""), 1, r); err != nil {
		return err
	}
	return r.done()
}

// stream is a request-stream with this data and the request's metadata.
func (o *options) stream(ctx context.Context, conn *rsocket.Conn, data string) items {
	request := o.request
	request.data = []byte(data)
	return conn.RequestStream(ctx, request.payload(), rsocket.WithPrefetch(o.prefetch))
}

// all is more items than any scenario asks for.
const all = 1 << 31

// count takes items until the end, or as many as are wanted, and looks whether each is the one that is expected. One
// that does not come within the bound ends it.
func count(ctx context.Context, wanted int, want expected, open func(context.Context) items) itemsLine {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	hang := time.AfterFunc(bound, func() { stop(errHung) })
	defer hang.Stop()
	line := itemsLine{Ordered: true}
	if wanted == 0 {
		return line
	}
	for item, err := range open(ctx) {
		switch {
		case err != nil && errors.Is(context.Cause(ctx), errHung):
			line.fail(errHung)
			return line
		case err != nil:
			line.fail(err)
			return line
		}
		line.Ordered = want(line.Items, item.Data()) && line.Ordered
		line.Items++
		if line.Items == wanted {
			break
		}
		hang.Reset(bound)
	}
	return line
}
