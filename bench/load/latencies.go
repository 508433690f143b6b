package load

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// latencies counts durations in buckets: below 128 ns one for each, above it 64 for each doubling, so that a bucket is narrower than 1/64
// of what is in it. (An HDR histogram of that precision. It is written out here because the library's module takes no dependencies.)
type latencies struct {
	counts [bucketCount]atomic.Uint64
}

const (
	precision   = 6                             // bits that are kept below the highest one
	bucketCount = (64 - precision) << precision // as many as 63 bits have
)

func bucketOf(d time.Duration) int {
	shift := max(0, bits.Len64(uint64(d))-precision-1)
	return shift<<precision + int(uint64(d)>>shift)
}

// bucketMiddle is what stands for the durations in a bucket.
func bucketMiddle(bucket int) time.Duration {
	shift := max(0, bucket>>precision-1)
	start := uint64(bucket-shift<<precision) << shift
	return time.Duration(start + (uint64(1)<<shift)/2)
}

// record may be called from any goroutine. Those that call it often at the same time better have latencies of their own.
func (l *latencies) record(d time.Duration) { l.counts[bucketOf(max(0, d))].Add(1) }

func (l *latencies) add(other *latencies) {
	for bucket := range other.counts {
		l.counts[bucket].Add(other.counts[bucket].Load())
	}
}

func (l *latencies) total() uint64 {
	total := uint64(0)
	for bucket := range l.counts {
		total += l.counts[bucket].Load()
	}
	return total
}

// percentile is the latency that so many percent of the requests did not exceed (nearest rank); 0 when there were none.
func (l *latencies) percentile(percent float64) time.Duration {
	rank := max(1, uint64(math.Ceil(percent/100*float64(l.total())-1e-9)))
	seen := uint64(0)
	for bucket := range l.counts {
		if seen += l.counts[bucket].Load(); seen >= rank {
			return bucketMiddle(bucket)
		}
	}
	return 0
}

// percentiles is nil when there were no requests.
func (l *latencies) percentiles() *Percentiles {
	if l.total() == 0 {
		return nil
	}
	return &Percentiles{
		P50:  microseconds(l.percentile(50)),
		P99:  microseconds(l.percentile(99)),
		P999: microseconds(l.percentile(99.9)),
	}
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
