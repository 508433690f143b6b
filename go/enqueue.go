package rsocket

// enqueue appends to a queue of which queue[next:] has not been taken. Where its memory is full and half of it is of items
// that were taken, the rest moves to the beginning: a queue that is never empty does not grow with what passes through it.
func enqueue[T any](queue []T, next int, items ...T) (grown []T, begin int) {
	if len(queue)+len(items) > cap(queue) && 2*next >= len(queue) {
		left := copy(queue, queue[next:])
		clear(queue[left:])
		queue, next = queue[:left], 0
	}
	return append(queue, items...), next
}
