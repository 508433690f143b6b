package rsocket

import "testing"

// dueReads counts how many of so many reads the habit looks before, each look with this outcome.
func dueReads(h *busyPollHabit, reads int, outcome func(*busyPollHabit)) int {
	due := 0
	for range reads {
		if h.isDue() {
			due++
			outcome(h)
		}
	}
	return due
}

func TestABusyPollThatDoesNotPayIsTriedNowAndThen(t *testing.T) {
	var h busyPollHabit
	if due := dueReads(&h, 10*busyPollTrial, (*busyPollHabit).failed); due != 10 {
		t.Errorf("it looked %d times in %d reads, want 10", due, 10*busyPollTrial)
	}
}

func TestABusyPollThatPaysIsRepeated(t *testing.T) {
	h := busyPollHabit{reads: busyPollTrial - 1}
	if due := dueReads(&h, 1000, (*busyPollHabit).paid); due != 1000 {
		t.Errorf("it looked before %d of 1000 reads", due)
	}
	// However long it has paid, it is soon over when it does not any more.
	if due := dueReads(&h, busyPollTrial, (*busyPollHabit).failed); due > busyPollMax+1 {
		t.Errorf("it looked %d times in vain, want %d at most", due, busyPollMax)
	}
}

func TestABusyPollThatPaysSeldomEnds(t *testing.T) {
	h := busyPollHabit{reads: busyPollTrial - 1}
	looks := 0
	due := dueReads(&h, 10_000, func(h *busyPollHabit) {
		if looks++; looks%(busyPollGain+2) == 1 {
			h.paid()
		} else {
			h.failed()
		}
	})
	if due > 5000 {
		t.Errorf("it looked before %d of 10000 reads, of which one in %d would have paid", due, busyPollGain+2)
	}
}
