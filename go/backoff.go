package rsocket

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// The defaults of [Backoff].
const (
	defaultBackoffMin    = 100 * time.Millisecond
	defaultBackoffMax    = 30 * time.Second
	defaultBackoffFactor = 2
)

// Backoff says how long to wait before trying again: longer with each attempt, and not as long as everybody else, so
// that the clients of a server that was away do not all come back in the same moment. A zero field means its default.
type Backoff struct {
	// Min is the first delay, before Jitter. Default 100 ms, or Max where that is shorter.
	Min time.Duration
	// Max is the longest delay, before Jitter. Default 30 s, or Min where that is longer.
	Max time.Duration
	// Factor is what each delay is multiplied by for the next one, at least 1. Default 2.
	Factor float64
	// Jitter is how much of each delay is left to chance. Default [FullJitter].
	Jitter Jitter
}

// Jitter is how much of a delay is left to chance.
type Jitter int

const (
	// FullJitter waits for any time from none to the whole delay. It spreads clients best.
	FullJitter Jitter = iota
	// EqualJitter waits for half the delay, and for any part of the other half.
	EqualJitter
	// NoJitter waits for exactly the delay.
	NoJitter
)

// check says what is wrong with the fields that are set.
func (b Backoff) check() error {
	switch {
	case b.Min < 0 || b.Max < 0:
		return fmt.Errorf("%w: a delay of the backoff is negative: %+v", ErrInvalidArgument, b)
	case b.Min > 0 && b.Max > 0 && b.Min > b.Max:
		return fmt.Errorf("%w: the backoff's Min of %v is longer than its Max of %v", ErrInvalidArgument, b.Min, b.Max)
	case b.Factor != 0 && !(b.Factor >= 1 && b.Factor <= math.MaxFloat64):
		return fmt.Errorf("%w: the backoff's Factor of %v is not a number of at least 1", ErrInvalidArgument, b.Factor)
	case b.Jitter < FullJitter || b.Jitter > NoJitter:
		return fmt.Errorf("%w: there is no jitter %d", ErrInvalidArgument, b.Jitter)
	default:
		return nil
	}
}

func (b Backoff) withDefaults() Backoff {
	if b.Min == 0 {
		b.Min = defaultBackoffMin
		if b.Max > 0 {
			b.Min = min(b.Min, b.Max)
		}
	}
	if b.Max == 0 {
		b.Max = max(defaultBackoffMax, b.Min)
	}
	if b.Factor == 0 {
		b.Factor = defaultBackoffFactor
	}
	return b
}

// delay is how long to wait before an attempt, of which the first is 0. All fields are set. random gives numbers from
// 0 to less than 1.
func (b Backoff) delay(attempt int, random func() float64) time.Duration {
	whole := min(float64(b.Min)*math.Pow(b.Factor, float64(attempt)), float64(b.Max))
	switch b.Jitter {
	case FullJitter:
		whole *= random()
	case EqualJitter:
		whole *= 0.5 + random()/2
	}
	// A Max of nearly 300 years rounds up to more than a Duration can hold.
	if whole >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(whole)
}

// backoffIterator gives the delays of one attempt after the other. It is used by one goroutine at a time.
type backoffIterator struct {
	backoff Backoff
	random  func() float64
	attempt int
}

// newBackoffIterator starts with the first delay. The backoff has been checked.
func newBackoffIterator(backoff Backoff) backoffIterator {
	return backoffIterator{backoff: backoff.withDefaults(), random: rand.Float64}
}

// next is how long to wait before the next attempt.
func (i *backoffIterator) next() time.Duration {
	delay := i.backoff.delay(i.attempt, i.random)
	i.attempt++
	return delay
}

// reset starts again with the first delay.
func (i *backoffIterator) reset() {
	i.attempt = 0
}
