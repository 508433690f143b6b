package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// maxLatencies bounds the memory of a run: 8 MiB.
const maxLatencies = 1 << 20

// latencies holds those of one worker. Up to its share of maxLatencies it keeps all of them and percentiles are
// exact; after that it keeps a uniform random sample of all that it has seen (reservoir sampling).
type latencies struct {
	kept []time.Duration
	most int
	seen uint64
}

func newLatencies(workers int) *latencies {
	return &latencies{most: max(16, maxLatencies/workers)}
}

func (l *latencies) add(latency time.Duration) {
	l.seen++
	if len(l.kept) < l.most {
		l.kept = append(l.kept, latency)
		return
	}
	// The newest stays with probability most/seen, in the place of any other.
	if at := rand.Uint64N(l.seen); at < uint64(l.most) {
		l.kept[at] = latency
	}
}

// distribution is the latencies of all workers, sorted. Each stands for as many requests as its worker saw for each
// that it kept.
type distribution struct {
	sorted []weighted
	total  float64
	exact  bool // nothing was left out
}

type weighted struct {
	latency time.Duration
	weight  float64
}

func merge(workers []*latencies) distribution {
	merged := distribution{exact: true}
	for _, worker := range workers {
		weight := float64(worker.seen) / float64(len(worker.kept))
		for _, latency := range worker.kept {
			merged.sorted = append(merged.sorted, weighted{latency, weight})
		}
		merged.total += float64(worker.seen)
		merged.exact = merged.exact && worker.seen == uint64(len(worker.kept))
	}
	slices.SortFunc(merged.sorted, func(a, b weighted) int { return cmp.Compare(a.latency, b.latency) })
	return merged
}

// percentile returns the smallest latency that at least percent of all requests did not exceed (nearest rank), and
// false when there is none.
func (d distribution) percentile(percent float64) (time.Duration, bool) {
	if len(d.sorted) == 0 {
		return 0, false
	}
	// Rounding must not push a whole rank up, nor sums of weights fall short of it.
	rank := math.Ceil(d.total*percent/100 - 1e-6)
	sum := 0.0
	for _, at := range d.sorted {
		sum += at.weight
		if sum >= rank-1e-6 {
			return at.latency, true
		}
	}
	return d.sorted[len(d.sorted)-1].latency, true
}
