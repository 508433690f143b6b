package main

import (
	"math/bits"
	"time"
)

// latencies counts durations in buckets: below 64 ns one for each, above it 32 for each doubling, so that a bucket is
// narrower than 1/32 of what is in it.
type latencies struct {
	counts [bucketCount]uint64
	total  uint64
}

const bucketCount = 1888 // as many as 63 bits have

func bucketOf(d time.Duration) int {
	shift := max(0, bits.Len64(uint64(d))-6)
	return 32*shift + int(uint64(d)>>shift)
}

// bucketStart is the least duration in a bucket.
func bucketStart(bucket int) time.Duration {
	shift := max(0, bucket/32-1)
	return time.Duration(bucket-32*shift) << shift
}

func (l *latencies) record(d time.Duration) {
	l.counts[bucketOf(max(0, d))]++
	l.total++
}

func (l *latencies) add(other *latencies) {
	for bucket, count := range other.counts {
		l.counts[bucket] += count
	}
	l.total += other.total
}

// quantile is the duration that this share of all durations is not above; 0 when there are none.
func (l *latencies) quantile(share float64) time.Duration {
	rank, seen := uint64(share*float64(l.total)), uint64(0)
	for bucket, count := range l.counts {
		seen += count
		if count > 0 && seen >= rank {
			return bucketStart(bucket)
		}
	}
	return 0
}
