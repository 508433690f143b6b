package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/rsocket/rsocket-go"
	"github.com/rsocket/rsocket-go/payload"
	"github.com/rsocket/rsocket-go/rx"
	"github.com/rsocket/rsocket-go/rx/flux"
)

// defaultMessage is what stream-error asks for unless data is given.
const defaultMessage = "boom"

// expected says whether an item is the one that belongs at an index.
type expected func(index int, data []byte) bool

func isNumber(index int, data []byte) bool { return string(data) == strconv.Itoa(index) }

func stream(client rsocket.Client, o options, r *report) error {
	return oneStream(client, o, r, strconv.Itoa(o.count), isNumber)
}

func streamError(client rsocket.Client, o options, r *report) error {
	return oneStream(client, o, r, fmt.Sprintf("%d:error:%s", o.count, o.text(defaultMessage)), isNumber)
}

func streamBig(client rsocket.Client, o options, r *report) error {
	return oneStream(client, o, r, fmt.Sprintf("big:%d:%d", o.size, o.count), func(index int, data []byte) bool {
		return bytes.Equal(data, pattern(uint32(index), o.size))
	})
}

// oneStream takes a stream to its end.
func oneStream(client rsocket.Client, o options, r *report, data string, want expected) error {
	if err := r.items(count(o.stream(client, data), o.prefetch, all, want)); err != nil {
		return err
	}
	return r.done()
}

// streamCancel takes some items of a stream that has more, cancels it and shows with an echo that the connection lives on.
func streamCancel(client rsocket.Client, o options, r *report) error {
	asked := strconv.Itoa(max(o.count, o.after+1_000_000))
	line := count(o.stream(client, asked), o.prefetch, o.after, isNumber)
	if line.Error == "" {
		line.Error = errCancelled.Error()
	}
	if err := r.items(line); err != nil {
		return err
	}
	if err := echoOnce(client, o.echoRequest(), 1, r); err != nil {
		return err
	}
	return r.done()
}

func channel(client rsocket.Client, o options, r *report) error {
	first := o.text("")
	want := func(index int, data []byte) bool {
		return index == 0 && first != "" && string(data) == first || isNumber(index, data)
	}
	sent := generated(o.count, func(i int) []byte {
		if i == 0 && first != "" {
			return []byte(first)
		}
		return number(i)
	}, nil)
	if err := r.items(count(client.RequestChannel(sent), o.prefetch, all, want)); err != nil {
		return err
	}
	return r.done()
}

// push pushes metadata, and shows with an echo that it went out.
func push(client rsocket.Client, o options, r *report) error {
	client.MetadataPush(payload.New(nil, o.echoRequest().data))
	if err := r.items(itemsLine{Items: 1, Ordered: true}); err != nil {
		return err
	}
	if err := echoOnce(client, message{}, 1, r); err != nil {
		return err
	}
	return r.done()
}

// stream is a request-stream with this data and the request's metadata.
func (o *options) stream(client rsocket.Client, data string) flux.Flux {
	return client.RequestStream(payload.New([]byte(data), o.request.metadata))
}

// all is more items than any scenario asks for.
const all = 1 << 31

// counter takes items until the end, or as many as are wanted, and looks whether each is the one that is expected.
type counter struct {
	prefetch int
	wanted   int
	want     expected

	mu           sync.Mutex
	line         itemsLine
	over         bool
	subscription rx.Subscription
	moved        chan struct{} // has something when an item came
	ended        chan struct{} // closed when nothing more is counted
}

// count subscribes and waits for the end. An item that does not come within the bound is one.
func count(items flux.Flux, prefetch, wanted int, want expected) itemsLine {
	c := &counter{prefetch: prefetch, wanted: wanted, want: want, moved: make(chan struct{}, 1), ended: make(chan struct{})}
	c.line.Ordered = true
	if wanted == 0 {
		return c.line
	}
	go items.Subscribe(context.Background(),
		rx.OnSubscribe(func(_ context.Context, s rx.Subscription) {
			c.subscription = s
			s.Request(prefetch)
		}),
		rx.OnNext(c.next),
		rx.OnComplete(func() { c.end(nil) }),
		rx.OnError(c.end),
	)
	for {
		select {
		case <-c.ended:
			return c.line
		case <-c.moved:
		case <-time.After(lossBound):
			c.end(errHung)
		}
	}
}

func (c *counter) next(item payload.Payload) error {
	c.mu.Lock()
	if c.over {
		c.mu.Unlock()
		return nil
	}
	c.line.Ordered = c.want(c.line.Items, item.Data()) && c.line.Ordered
	c.line.Items++
	enough := c.line.Items == c.wanted
	c.mu.Unlock()
	if enough {
		c.subscription.Cancel()
		c.end(nil)
		return nil
	}
	select {
	case c.moved <- struct{}{}:
	default:
	}
	c.subscription.Request(1)
	return nil
}

func (c *counter) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	c.over = true
	if err != nil {
		c.line.fail(err)
	}
	close(c.ended)
}
