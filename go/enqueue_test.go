package rsocket

import "testing"

func TestAQueueIsAsLongAsWhatWaits(t *testing.T) {
	const waits = 100
	var queue []int
	begin, added, taken := 0, 0, 0
	for step := range 100_000 {
		more := make([]int, 1+step%7)
		for i := range more {
			more[i] = added
			added++
		}
		queue, begin = enqueue(queue, begin, more...)
		for len(queue)-begin > waits {
			if queue[begin] != taken {
				t.Fatalf("%d was taken instead of %d", queue[begin], taken)
			}
			queue[begin] = -1
			begin++
			taken++
		}
	}
	if places := cap(queue); places > 4*waits {
		t.Fatalf("%d places for %d that wait", places, waits)
	}
}
