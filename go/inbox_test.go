package rsocket

import (
	"context"
	"errors"
	"testing"
)

// endingContext ends as soon as somebody waits for it, right behind what happened on the stream.
type endingContext struct {
	context.Context
	before func()
}

func (c endingContext) Done() <-chan struct{} {
	c.before()
	done := make(chan struct{})
	close(done)
	return done
}

func (endingContext) Err() error { return context.Canceled }

// A peer's error ends a handler's context too, so both are there at once.
func TestWhatCameBeforeTheEndOfAContextIsTakenFirst(t *testing.T) {
	failure, item := errors.New("failure"), NewPayload("item", "")
	for range 100 { // A select between two that are ready takes either.
		var failed, filled inbox
		failed.init(1, func(uint32) {})
		filled.init(1, func(uint32) {})
		ctx := endingContext{t.Context(), func() { failed.put(nil, failure) }}
		if _, err := failed.take(ctx); !errors.Is(err, failure) {
			t.Fatalf("the error became %v", err)
		}
		ctx.before = func() { filled.put(item, nil) }
		if got, err := filled.take(ctx); got != item {
			t.Fatalf("the item became %v", err)
		}
	}
}

// A program that takes more slowly than items come finds its inbox never empty.
func TestAnInboxThatIsNeverEmptyDoesNotGrow(t *testing.T) {
	const window = 64
	var b inbox
	b.init(window, func(uint32) {})
	item := NewPayload("item", "")
	b.put(item, nil)
	for range 1000 * window {
		b.put(item, nil)
		if got, err := b.take(t.Context()); got != item {
			t.Fatalf("the item became %v", err)
		}
	}
	if places := cap(b.items); places > 4*window {
		t.Fatalf("%d places for 2 items", places)
	}
}
