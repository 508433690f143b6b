package rsocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// once answers with what it gets, and has no further use for it.
func once(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
	return request.Once(), nil
}

func onceEach(_ context.Context, items iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
	return func(yield func(*rsocket.Payload, error) bool) {
		for item, err := range items {
			if !yield(item.Once(), err) {
				return
			}
		}
	}
}

// sizesOnce are those that lie in the payload, are copied, stay where they are, and leave in fragments.
var sizesOnce = []int{0, 64, 1000, 3000, 70_000, 300_000}

func filled(size, seed int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(seed + i*7)
	}
	return data
}

// Bytes that are used again and again are never seen with another payload's content.
func TestReleasedBytesAreNobodyElses(t *testing.T) {
	const workers, requests = 8, 12
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			sizes := sizesOnce
			if name == oneByte {
				sizes = sizes[:4] // The others take too long.
			}
			conn := connect(t, rsocket.Handler{RequestResponse: once})
			var all sync.WaitGroup
			for worker := range workers {
				all.Go(func() {
					for i := range requests {
						size, seed := sizes[(worker+i)%len(sizes)], worker*31+i
						want := filled(size, seed)
						answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayloadFromBytes(want, []byte{byte(seed)}).Once())
						if err != nil {
							t.Errorf("%d bytes: %v", size, err)
							return
						}
						if !bytes.Equal(answer.Data(), want) || !bytes.Equal(answer.GetMetadata(), []byte{byte(seed)}) {
							t.Errorf("%d bytes came back with other content", size)
							return
						}
						answer.Release()
					}
				})
			}
			all.Wait()
		})
	}
}

func TestReleasedItemsAreNobodyElses(t *testing.T) {
	conn := transports["unix"](t, rsocket.Handler{RequestChannel: onceEach})
	const count = 200
	source := func(yield func(*rsocket.Payload, error) bool) {
		for i := range count {
			if !yield(rsocket.NewPayloadFromBytes(filled(sizesOnce[i%len(sizesOnce)], i), nil).Once(), nil) {
				return
			}
		}
	}
	next := 0
	for item, err := range conn.RequestChannel(testContext(t), source) {
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(item.Data(), filled(sizesOnce[next%len(sizesOnce)], next)) {
			t.Fatalf("item %d has other content", next)
		}
		item.Release()
		next++
	}
	if next != count {
		t.Errorf("%d items, want %d", next, count)
	}
}

func TestPayloadThatWasToBeSentOnceIsRefusedTheSecondTime(t *testing.T) {
	for _, size := range sizesOnce[1:] {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			client, _ := connectPipe(t, rsocket.Handler{}, rsocket.Handler{RequestResponse: echo})
			payload := rsocket.NewPayloadFromBytes(filled(size, 1), nil).Once()
			if _, err := client.RequestResponse(testContext(t), payload); err != nil {
				t.Fatal(err)
			}
			_, err := client.RequestResponse(testContext(t), payload)
			again := []error{err, client.FireAndForget(testContext(t), payload)}
			for _, err := range client.RequestStream(testContext(t), payload) {
				again = append(again, err)
			}
			for _, err := range again {
				if !errors.Is(err, rsocket.ErrInvalidArgument) {
					t.Errorf("sent again: %v", err)
				}
			}
		})
	}
}

func TestAnswerThatWasToBeSentOnceFailsTheSecondRequest(t *testing.T) {
	answer := rsocket.NewPayloadFromBytes(filled(3000, 1), nil).Once()
	client, _ := connectPipe(t, rsocket.Handler{}, rsocket.Handler{
		RequestResponse: func(context.Context, *rsocket.Payload) (*rsocket.Payload, error) { return answer, nil },
	})
	if got, err := client.RequestResponse(testContext(t), &rsocket.Payload{}); err != nil || !bytes.Equal(got.Data(), filled(3000, 1)) {
		t.Fatalf("the first: %v", err)
	}
	var failure *rsocket.Error
	if _, err := client.RequestResponse(testContext(t), &rsocket.Payload{}); !errors.As(err, &failure) || failure.Code != rsocket.CodeApplicationError {
		t.Errorf("the second: %v", err)
	}
}
