package fairness

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// pause is what a client of small requests lets pass between two of them.
const pause = time.Millisecond

// sorted are measurements in order of size.
type sorted[T ~int64] []T

// quantile is what so large a part of the measurements does not exceed.
func (s sorted[T]) quantile(part float64) T {
	return s[min(int(part*float64(len(s))), len(s)-1)]
}

func (s sorted[T]) median() T { return s.quantile(0.5) }

func (s sorted[T]) String() string {
	return fmt.Sprintf("p50 %v, p99 %v, most %v of %d", s.median(), s.quantile(0.99), s[len(s)-1], len(s))
}

// latencies are how long requests took.
type latencies = sorted[time.Duration]

// ask makes small requests, one after the other, at least so many and until enough says that it is. asked hears of each
// answer.
func ask(ctx context.Context, conn *rsocket.Conn, size, least int, enough func() bool) (latencies, error) {
	var taken latencies
	for number := 0; number < least || !enough(); number++ {
		start := time.Now()
		if err := echo(ctx, conn, size, uint64(number)); err != nil {
			return nil, fmt.Errorf("small request %d: %w", number, err)
		}
		taken = append(taken, time.Since(start).Round(time.Microsecond))
		time.Sleep(pause)
	}
	slices.Sort(taken)
	return taken, nil
}

// echo makes a request that no other is like, and wants it back.
func echo(ctx context.Context, conn *rsocket.Conn, size int, number uint64) error {
	data := make([]byte, size)
	binary.BigEndian.PutUint64(data, number)
	answer, err := conn.RequestResponse(ctx, rsocket.NewPayloadFromBytes(data, nil))
	if err != nil {
		return err
	}
	if !bytes.Equal(answer.Data(), data) {
		return fmt.Errorf("the answer has %d bytes and is not what was sent", answer.Len())
	}
	return nil
}
