package rsocket

import (
	"context"
	"errors"
	"slices"
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

func TestALoopAsksForWhatItHasTaken(t *testing.T) {
	const window = 4
	var asked []uint32
	var b inbox
	b.init(window, func(n uint32) { asked = append(asked, n) })
	for range window {
		b.put(NewPayload("item", ""), nil)
	}
	taken := 0
	b.yieldAll(t.Context(), func(*Payload, error) bool {
		taken++
		if want := taken / 2; len(asked) != want {
			t.Errorf("asked %d times with %d taken, want %d", len(asked), taken, want)
		}
		return taken < window
	})
	if !slices.Equal(asked, []uint32{2, 2}) {
		t.Errorf("asked for %v", asked)
	}
}

// Items that the loop has not come to are dropped with those that it would have taken next.
func TestALoopEndsWithItsStream(t *testing.T) {
	failure := errors.New("failure")
	var b inbox
	b.init(8, func(uint32) {})
	for range 3 {
		b.put(NewPayload("item", ""), nil)
	}
	var got []error
	b.yieldAll(t.Context(), func(_ *Payload, err error) bool {
		got = append(got, err)
		b.fail(failure)
		return true
	})
	if !slices.Equal(got, []error{nil, failure}) {
		t.Errorf("the loop got %v", got)
	}
}

// A peer's error comes behind its items, also for a loop that has some of them already.
func TestALoopGetsWhatCameBeforeAnError(t *testing.T) {
	failure := errors.New("failure")
	var b inbox
	b.init(8, func(uint32) {})
	b.put(NewPayload("item", ""), nil)
	var got []error
	b.yieldAll(t.Context(), func(_ *Payload, err error) bool {
		if got = append(got, err); len(got) == 1 {
			b.put(NewPayload("item", ""), nil)
			b.put(nil, failure)
		}
		return true
	})
	if !slices.Equal(got, []error{nil, nil, failure}) {
		t.Errorf("the loop got %v", got)
	}
}
