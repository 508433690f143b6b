package main

import (
	"math"
	"testing"
	"time"
)

func TestBucketsAreInOrderAndNarrow(t *testing.T) {
	for bucket := range bucketCount {
		start := bucketStart(bucket)
		if got := bucketOf(start); got != bucket {
			t.Fatalf("bucket %d starts at %d, which is in bucket %d", bucket, start, got)
		}
		if bucket == bucketCount-1 {
			break
		}
		next := bucketStart(bucket + 1)
		if next <= start || bucketOf(next-1) != bucket || (bucket >= 64 && next-start > start/32) {
			t.Fatalf("bucket %d is from %d to below %d", bucket, start, next)
		}
	}
	if got := bucketOf(math.MaxInt64); got != bucketCount-1 {
		t.Fatalf("the longest duration is in bucket %d of %d", got, bucketCount)
	}
}

func TestQuantiles(t *testing.T) {
	var first, second latencies
	for i := range 100 {
		first.record(time.Duration(i + 1))
		second.record(time.Duration(i+1) * time.Millisecond)
	}
	first.add(&second)
	if got := first.quantile(0.25); got != 50 {
		t.Errorf("a quarter is not above %v, want 50ns", got)
	}
	if got := first.quantile(0.99); got < 95*time.Millisecond || got > 98*time.Millisecond {
		t.Errorf("0.99 is not above %v, want 98ms or a 32nd less", got)
	}
	if got := new(latencies).quantile(0.5); got != 0 {
		t.Errorf("half of nothing is not above %v, want 0", got)
	}
}
