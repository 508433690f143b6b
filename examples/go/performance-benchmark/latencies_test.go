package main

import (
	"testing"
	"time"
)

func TestPercentilesAreExactNearestRanks(t *testing.T) {
	// 1 to 1000 ms, dealt to three workers in no order.
	workers := []*latencies{newLatencies(3), newLatencies(3), newLatencies(3)}
	for i := range 1000 {
		workers[i%3].add(time.Duration(1+(i*7)%1000) * time.Millisecond)
	}
	merged := merge(workers)
	if !merged.exact {
		t.Error("a short run is not exact")
	}
	for percent, want := range map[float64]time.Duration{0: 1, 0.1: 1, 7: 70, 50: 500, 99: 990, 99.9: 999, 100: 1000} {
		if got, _ := merged.percentile(percent); got != want*time.Millisecond {
			t.Errorf("p%g = %s, want %d ms", percent, got, want)
		}
	}
}

func TestPercentileOfNothing(t *testing.T) {
	if latency, any := merge([]*latencies{newLatencies(1)}).percentile(50); any {
		t.Errorf("there is a percentile of nothing: %s", latency)
	}
}

func TestLongRunsKeepABoundedUniformSample(t *testing.T) {
	const most, seen = 1000, 200_000
	worker := &latencies{most: most}
	for i := range seen {
		worker.add(time.Duration(i))
	}
	if len(worker.kept) != most || worker.seen != seen {
		t.Fatalf("kept %d of %d, want %d of %d", len(worker.kept), worker.seen, most, seen)
	}
	merged := merge([]*latencies{worker})
	if merged.exact {
		t.Error("a sample calls itself exact")
	}
	// The median of the sample has a standard deviation of 1.6 % of the range: 10 % is out of reach unless the sample
	// is skewed.
	if got, _ := merged.percentile(50); got < seen*4/10 || got > seen*6/10 {
		t.Errorf("the median of 0 to %d is %d in the sample", seen, got)
	}
}

func TestSamplesWeighAsMuchAsTheyStandFor(t *testing.T) {
	// One worker saw 900 requests of 1 ms and kept 9, the other 100 of 5 ms and kept all.
	sampled, complete := &latencies{most: 9}, newLatencies(1)
	for range 900 {
		sampled.add(time.Millisecond)
	}
	for range 100 {
		complete.add(5 * time.Millisecond)
	}
	merged := merge([]*latencies{sampled, complete})
	for percent, want := range map[float64]time.Duration{50: 1, 90: 1, 90.1: 5, 99: 5} {
		if got, _ := merged.percentile(percent); got != want*time.Millisecond {
			t.Errorf("p%g = %s, want %d ms", percent, got, want)
		}
	}
}
