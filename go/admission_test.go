package rsocket

import "testing"

func isAdmitted(w *admissionWaiter) bool {
	select {
	case <-w.admitted:
		return true
	default:
		return false
	}
}

func TestAdmissionLetsInAsManyAsThereIsRoomForInOrder(t *testing.T) {
	var a admission
	long := load{size: maxBatchExternal / 2}
	var waiters []*admissionWaiter
	for range 5 {
		waiters = append(waiters, a.join(&long))
	}
	for turn, want := range []int{2, 4, 5} {
		a.admit(nil)
		for i, waiter := range waiters {
			if isAdmitted(waiter) != (i < want) {
				t.Fatalf("turn %d: waiter %d admitted: %v", turn, i, isAdmitted(waiter))
			}
		}
		for _, waiter := range waiters[:want] {
			a.arrive(waiter)
		}
	}
	if a.reserved != (burden{}) {
		t.Errorf("%+v is left reserved", a.reserved)
	}
}

func TestAdmissionCountsWhatTheBatchHasAndWhatIsReserved(t *testing.T) {
	var a admission
	small := load{size: inlineLimit}
	full := &batch{burden: burden{bytes: maxBatchBytes - inlineLimit}}
	if a.isFull(&small, full) {
		t.Fatal("there is room for one more")
	}
	first, second := a.join(&small), a.join(&small)
	if !a.isFull(&small, nil) {
		t.Error("a newcomer goes ahead of those who wait")
	}
	a.admit(full)
	if !isAdmitted(first) || isAdmitted(second) {
		t.Error("want the first let in and not the second")
	}
	a.leave(first)
	a.admit(full)
	if !isAdmitted(second) {
		t.Error("the room of one that left is nobody's")
	}
}

func TestAdmissionOfShortOnesDoesNotWaitForLongOnes(t *testing.T) {
	var a admission
	b := &batch{burden: burden{other: maxBatchExternal}}
	long := a.join(&load{size: maxBatchExternal})
	if a.isFull(&load{size: 1}, b) {
		t.Error("a short one has to wait behind a long one")
	}
	if !a.isFull(&load{size: maxBatchExternal}, b) {
		t.Error("a second long one goes ahead of the first")
	}
	a.close()
	if !isAdmitted(long) {
		t.Error("one waits although nothing is sent any more")
	}
}
