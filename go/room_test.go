package rsocket

import (
	"context"
	"errors"
	"testing"
)

// start asks for room and tells when it is there.
func (r *room) start(ctx context.Context, size int) <-chan error {
	waiting := len(r.waiting)
	done := make(chan error, 1)
	go func() { done <- r.acquire(ctx, size) }()
	for {
		r.mu.Lock()
		settled := len(r.waiting) > waiting || len(done) > 0
		r.mu.Unlock()
		if settled {
			return done
		}
	}
}

func expectWaiting(t *testing.T, what string, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		t.Fatalf("%s does not wait: %v", what, err)
	default:
	}
}

func expectAdmitted(t *testing.T, what string, done <-chan error) {
	t.Helper()
	if err := <-done; err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func TestRoomIsGivenOutInOrder(t *testing.T) {
	ctx := t.Context()
	r := room{max: 10}
	expectAdmitted(t, "the first", r.start(ctx, 6))
	long := r.start(ctx, 9)
	short := r.start(ctx, 1)
	expectWaiting(t, "a long one", long)
	expectWaiting(t, "a short one behind it", short)
	r.release(6)
	expectAdmitted(t, "a long one", long)
	expectAdmitted(t, "a short one behind it", short)
}

func TestOneThatIsLongerThanTheRoomGoesAlone(t *testing.T) {
	ctx := t.Context()
	r := room{max: 10}
	expectAdmitted(t, "a short one", r.start(ctx, 1))
	long := r.start(ctx, 11)
	expectWaiting(t, "one longer than the room", long)
	r.release(1)
	expectAdmitted(t, "one longer than the room", long)
	next := r.start(ctx, 1)
	expectWaiting(t, "the next one", next)
	r.release(11)
	expectAdmitted(t, "the next one", next)
}

func TestOneThatLeavesTheRoomsQueueHoldsUpNobody(t *testing.T) {
	r := room{max: 10}
	expectAdmitted(t, "the first", r.start(t.Context(), 6))
	ctx, cancel := context.WithCancel(t.Context())
	long := r.start(ctx, 9)
	short := r.start(t.Context(), 4)
	cancel()
	if err := <-long; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that left: %v", err)
	}
	expectAdmitted(t, "the one behind it", short)
	r.release(6)
	r.release(4)
	if r.used != 0 || len(r.waiting) > 0 {
		t.Errorf("%d bytes in use, %d waiting", r.used, len(r.waiting))
	}
}

func TestAClosedRoomLetsEverybodyIn(t *testing.T) {
	r := room{max: 1}
	expectAdmitted(t, "the first", r.start(t.Context(), 1))
	first, second := r.start(t.Context(), 1), r.start(t.Context(), 5)
	r.close()
	expectAdmitted(t, "one", first)
	expectAdmitted(t, "another", second)
	expectAdmitted(t, "a late one", r.start(t.Context(), 9))
}
