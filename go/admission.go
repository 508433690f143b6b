package rsocket

import "slices"

// admission is where submitters wait for room in the batch. Each kind of load is let in in order, as many as there is
// room for, so that nobody is woken in vain and short requests need not wait for long ones. The queue's lock guards it.
type admission struct {
	// lines is nil until somebody has to wait.
	lines *[4][]*admissionWaiter
	// reserved is the room of those that were let in and have not arrived.
	reserved burden
}

type admissionWaiter struct {
	load load
	// admitted is closed when the room is the waiter's, or nothing is sent any more.
	admitted chan struct{}
	// reserved: the waiter has been let in, and has not arrived.
	reserved bool
}

// line is where a load of this kind waits.
func (a *admission) line(l *load) *[]*admissionWaiter {
	if a.lines == nil {
		a.lines = new([4][]*admissionWaiter)
	}
	index := 0
	if l.bulk {
		index++
	}
	if l.external() {
		index += 2
	}
	return &a.lines[index]
}

// isFull reports whether a load has to wait for room in the batch, or behind others.
func (a *admission) isFull(l *load, b *batch) bool {
	return a.lines != nil && len(*a.line(l)) > 0 || !a.fits(l, b)
}

// fits reports whether there is room beside what the batch has and what is reserved.
func (a *admission) fits(l *load, b *batch) bool {
	switch {
	case b == nil:
		return a.reserved.fits(l)
	case a.lines == nil: // Nothing is reserved.
		return b.burden.fits(l)
	default:
		sum := a.reserved.plus(&b.burden)
		return sum.fits(l)
	}
}

// join waits at the end of a line.
func (a *admission) join(l *load) *admissionWaiter {
	waiter := &admissionWaiter{load: *l, admitted: make(chan struct{})}
	line := a.line(l)
	*line = append(*line, waiter)
	return waiter
}

// admit lets in those for whom there is room beside what the batch has.
func (a *admission) admit(b *batch) {
	if a.lines == nil {
		return
	}
	for i := range a.lines {
		line := a.lines[i]
		for len(line) > 0 && a.fits(&line[0].load, b) {
			waiter := line[0]
			line = line[1:]
			waiter.reserved = true
			a.reserved.add(&waiter.load, 1)
			close(waiter.admitted)
		}
		a.lines[i] = line
	}
}

// arrive ends a wait: what was reserved goes to the batch now.
func (a *admission) arrive(waiter *admissionWaiter) {
	if waiter.reserved {
		waiter.reserved = false
		a.reserved.add(&waiter.load, -1)
	}
}

// leave gives up a wait, and what it may have brought. Others may be admitted then.
func (a *admission) leave(waiter *admissionWaiter) {
	a.arrive(waiter)
	line := a.line(&waiter.load)
	*line = slices.DeleteFunc(*line, func(other *admissionWaiter) bool { return other == waiter })
}

// close lets everybody see that nothing is sent any more.
func (a *admission) close() {
	if a.lines == nil {
		return
	}
	for i, line := range a.lines {
		for _, waiter := range line {
			close(waiter.admitted)
		}
		a.lines[i] = nil
	}
}
