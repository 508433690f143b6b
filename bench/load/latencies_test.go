package load

import (
	"math"
	"testing"
	"time"
)

func TestBucketsHoldWhatTheyStandFor(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 63, 64, 127, 128, 129, 1000, 12345, time.Millisecond, time.Second, time.Hour, math.MaxInt64} {
		bucket := bucketOf(d)
		if bucket < 0 || bucket >= bucketCount {
			t.Fatalf("%d ns: bucket %d of %d", d, bucket, bucketCount)
		}
		if off := math.Abs(float64(bucketMiddle(bucket) - d)); off > float64(d)/64 {
			t.Errorf("%d ns stands as %d ns", d, bucketMiddle(bucket))
		}
	}
}

func TestBucketsAreInOrder(t *testing.T) {
	for d := time.Duration(1); d < 100_000; d++ {
		if bucketOf(d) < bucketOf(d-1) || bucketOf(d) > bucketOf(d-1)+1 {
			t.Fatalf("%d ns is in bucket %d, %d ns in %d", d-1, bucketOf(d-1), d, bucketOf(d))
		}
	}
}

func TestPercentilesAreNearestRanks(t *testing.T) {
	var one, other latencies
	for i := range 1000 {
		half := &one
		if i%2 == 1 {
			half = &other
		}
		half.record(time.Duration(1+(i*7)%1000) * time.Millisecond)
	}
	one.add(&other)
	for percent, want := range map[float64]float64{0.1: 1, 50: 500, 99: 990, 99.9: 999, 100: 1000} {
		got := one.percentile(percent).Seconds() * 1000
		if math.Abs(got-want) > want/64 {
			t.Errorf("p%g is %g ms, want %g", percent, got, want)
		}
	}
}

func TestThereIsNoPercentileOfNothing(t *testing.T) {
	var none latencies
	if got := none.percentiles(); got != nil {
		t.Errorf("got %v", *got)
	}
}
