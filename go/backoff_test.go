package rsocket

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"
)

func TestBackoffDefaults(t *testing.T) {
	const ms = time.Millisecond
	cases := map[string]struct{ given, want Backoff }{
		"none":                  {Backoff{}, Backoff{100 * ms, 30 * time.Second, 2, FullJitter}},
		"Max below Min's":       {Backoff{Max: 10 * ms}, Backoff{10 * ms, 10 * ms, 2, FullJitter}},
		"Min above Max's":       {Backoff{Min: time.Minute}, Backoff{time.Minute, time.Minute, 2, FullJitter}},
		"all fields are chosen": {Backoff{ms, ms, 1, NoJitter}, Backoff{ms, ms, 1, NoJitter}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if err := test.given.check(); err != nil {
				t.Error(err)
			}
			if got := test.given.withDefaults(); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestBackoffRefusesWhatCannotWork(t *testing.T) {
	for name, backoff := range map[string]Backoff{
		"negative Min":     {Min: -1},
		"negative Max":     {Max: -1},
		"Min above Max":    {Min: 2, Max: 1},
		"negative Factor":  {Factor: -2},
		"shrinking Factor": {Factor: 0.5},
		"infinite Factor":  {Factor: math.Inf(1)},
		"no Factor at all": {Factor: math.NaN()},
		"negative Jitter":  {Jitter: -1},
		"unknown Jitter":   {Jitter: NoJitter + 1},
	} {
		if err := backoff.check(); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBackoffDelays(t *testing.T) {
	always := func(number float64) func() float64 { return func() float64 { return number } }
	const almostOne = 1 - 1.0/(1<<53)
	tests := []struct {
		name    string
		backoff Backoff
		random  float64
		want    []time.Duration
	}{
		{"grows up to Max", Backoff{Min: 10, Max: 100, Jitter: NoJitter}, 0.5, []time.Duration{10, 20, 40, 80, 100, 100}},
		{"grows by Factor", Backoff{Min: 10, Max: 100, Factor: 1.5, Jitter: NoJitter}, 0, []time.Duration{10, 15, 22, 33}},
		{"stays", Backoff{Min: 10, Max: 100, Factor: 1, Jitter: NoJitter}, 0, []time.Duration{10, 10, 10}},
		{"full jitter, least", Backoff{Min: 100, Max: 400}, 0, []time.Duration{0, 0, 0}},
		{"full jitter, half", Backoff{Min: 100, Max: 400}, 0.5, []time.Duration{50, 100, 200, 200}},
		{"full jitter, most", Backoff{Min: 100, Max: 400}, almostOne, []time.Duration{99, 199, 399, 399}},
		{"equal jitter, least", Backoff{Min: 100, Max: 400, Jitter: EqualJitter}, 0, []time.Duration{50, 100, 200, 200}},
		{"equal jitter, half", Backoff{Min: 100, Max: 400, Jitter: EqualJitter}, 0.5, []time.Duration{75, 150, 300, 300}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			iterator := newBackoffIterator(test.backoff)
			iterator.random = always(test.random)
			for range 2 {
				var got []time.Duration
				for range test.want {
					got = append(got, iterator.next())
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("got %v, want %v", got, test.want)
				}
				iterator.reset()
			}
		})
	}
}

func TestBackoffDoesNotOverflow(t *testing.T) {
	backoff := Backoff{Min: 1, Max: math.MaxInt64, Factor: 10, Jitter: NoJitter}
	for _, attempt := range []int{19, 400, math.MaxInt} {
		if got := backoff.delay(attempt, nil); got != math.MaxInt64 {
			t.Errorf("attempt %d: %v", attempt, got)
		}
	}
}

func TestBackoffIsRandom(t *testing.T) {
	iterator := newBackoffIterator(Backoff{Min: time.Hour, Factor: 1})
	seen := make(map[time.Duration]bool)
	for range 10 {
		delay := iterator.next()
		if delay < 0 || delay >= time.Hour {
			t.Errorf("delay %v", delay)
		}
		seen[delay] = true
	}
	if len(seen) < 2 {
		t.Errorf("ten times the same: %v", seen)
	}
}
