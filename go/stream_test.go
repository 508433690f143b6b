package rsocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// numbers yields payloads 0 to n-1, and counts what was yielded.
func numbers(n int, yielded *atomic.Int64) iter.Seq2[*rsocket.Payload, error] {
	return func(yield func(*rsocket.Payload, error) bool) {
		for i := range n {
			if yielded != nil {
				yielded.Add(1)
			}
			if !yield(rsocket.NewPayload(strconv.Itoa(i), ""), nil) {
				return
			}
		}
	}
}

// streamOf serves numbers up to what the request says.
func streamOf(_ context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
	n, err := strconv.Atoi(request.GetDataAsString())
	if err != nil {
		return func(yield func(*rsocket.Payload, error) bool) {
			yield(nil, rsocket.NewError(rsocket.CodeInvalid, "not a number"))
		}
	}
	return numbers(n, nil)
}

func echoChannel(_ context.Context, requests iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
	return requests
}

// collect checks that a stream yields numbers in order, and returns how many and its error.
func collect(t testing.TB, items iter.Seq2[*rsocket.Payload, error]) (int, error) {
	t.Helper()
	n := 0
	for item, err := range items {
		if err != nil {
			return n, err
		}
		if got := item.GetDataAsString(); got != strconv.Itoa(n) {
			t.Errorf("item %d is %q", n, got)
		}
		n++
	}
	return n, nil
}

func TestStreamsArriveWholeAndInOrder(t *testing.T) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, rsocket.Handler{RequestStream: streamOf})
			for _, n := range []int{0, 1, 2, 255, 256, 257, 1000} {
				request := rsocket.NewPayload(strconv.Itoa(n), "")
				if got, err := collect(t, conn.RequestStream(testContext(t), request)); err != nil || got != n {
					t.Errorf("%d items: got %d, %v", n, got, err)
				}
			}
		})
	}
}

func TestStreamsWithEveryPrefetch(t *testing.T) { overEach(t, streamsWithEveryPrefetch) }

func streamsWithEveryPrefetch(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{RequestStream: streamOf})
	for _, prefetch := range []int{-1, 1, 2, 3, 7, 5000} {
		items := conn.RequestStream(testContext(t), rsocket.NewPayload("300", ""), rsocket.WithPrefetch(prefetch))
		if got, err := collect(t, items); err != nil || got != 300 {
			t.Errorf("prefetch %d: got %d, %v", prefetch, got, err)
		}
	}
}

// Conforms: flow/credit, flow/resumed-by-request-n
func TestAResponderSendsNoMoreThanIsAskedFor(t *testing.T) {
	overEach(t, aResponderSendsNoMoreThanIsAskedFor)
}

func aResponderSendsNoMoreThanIsAskedFor(t *testing.T, connect connector) {
	var yielded atomic.Int64
	conn := connect(t, rsocket.Handler{
		RequestStream: func(context.Context, *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return numbers(1_000_000, &yielded)
		},
		RequestResponse: echo,
	})
	ctx := testContext(t)
	stream, err := conn.OpenStream(ctx, rsocket.NewPayload("", ""), rsocket.WithManualRequests(3))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Cancel()
	receive := func(n int) {
		t.Helper()
		for range n {
			if _, err := stream.Recv(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	receive(3)
	// A round trip on the same connection: whatever was sent before it has arrived.
	if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("", "")); err != nil {
		t.Fatal(err)
	}
	// The fourth has been yielded and waits for credit.
	eventually(t, "the handler waits", func() bool { return yielded.Load() == 4 })
	stream.Request(2)
	receive(2)
	eventually(t, "the handler waits again", func() bool { return yielded.Load() == 6 })
}

func TestLeavingTheLoopCancelsTheStream(t *testing.T) { overEach(t, leavingTheLoopCancelsTheStream) }

func leavingTheLoopCancelsTheStream(t *testing.T, connect connector) {
	ended := make(chan error, 1)
	conn := connect(t, rsocket.Handler{
		RequestStream: func(ctx context.Context, _ *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				for yield(rsocket.NewPayload("more", ""), nil) {
				}
				<-ctx.Done()
				ended <- context.Cause(ctx)
			}
		},
	})
	for range conn.RequestStream(testContext(t), rsocket.NewPayload("", "")) {
		break
	}
	if err := await(t, ended); !errors.Is(err, context.Canceled) {
		t.Errorf("the handler's cause: %v", err)
	}
}

func TestStreamEndsWithItsContext(t *testing.T) { overEach(t, streamEndsWithItsContext) }

func streamEndsWithItsContext(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{
		RequestStream: func(ctx context.Context, _ *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				if yield(rsocket.NewPayload("first", ""), nil) {
					<-ctx.Done()
				}
			}
		},
	})
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	var got []string
	var last error
	for item, err := range conn.RequestStream(ctx, rsocket.NewPayload("", "")) {
		last = err
		if err == nil {
			got = append(got, item.GetDataAsString())
			cancel()
		}
	}
	if !slices.Equal(got, []string{"first"}) || !errors.Is(last, context.Canceled) {
		t.Errorf("got %q, %v", got, last)
	}
}

func TestStreamErrorsFollowTheItems(t *testing.T) { overEach(t, streamErrorsFollowTheItems) }

func streamErrorsFollowTheItems(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{
		RequestStream: func(_ context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				for item, err := range numbers(5, nil) {
					if !yield(item, err) {
						return
					}
				}
				if request.GetDataAsString() == "panic" {
					panic("secret")
				}
				yield(nil, rsocket.NewError(0x400, "enough"))
			}
		},
	})
	n, err := collect(t, conn.RequestStream(testContext(t), rsocket.NewPayload("", "")))
	var known *rsocket.Error
	if n != 5 || !errors.As(err, &known) || known.Code != 0x400 || known.Message != "enough" {
		t.Errorf("got %d, %v", n, err)
	}
	n, err = collect(t, conn.RequestStream(testContext(t), rsocket.NewPayload("panic", "")))
	if n != 5 || !errors.Is(err, rsocket.ErrApplication) {
		t.Errorf("after a panic: got %d, %v", n, err)
	}
}

func TestMissingStreamHandlersReject(t *testing.T) { overEach(t, missingStreamHandlersReject) }

func missingStreamHandlersReject(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{})
	if _, err := collect(t, conn.RequestStream(testContext(t), rsocket.NewPayload("", ""))); !errors.Is(err, rsocket.ErrRejected) {
		t.Errorf("stream: %v", err)
	}
	if _, err := collect(t, conn.RequestChannel(testContext(t), numbers(3, nil))); !errors.Is(err, rsocket.ErrRejected) {
		t.Errorf("channel: %v", err)
	}
}

// One stream that nobody reads holds up nothing else.
func TestASlowStreamDelaysNoOther(t *testing.T) { overEach(t, aSlowStreamDelaysNoOther) }

func aSlowStreamDelaysNoOther(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{RequestStream: streamOf, RequestResponse: echo})
	ctx := testContext(t)
	slow, err := conn.OpenStream(ctx, rsocket.NewPayload("1000000", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Cancel()
	for range 100 {
		if _, err := conn.RequestResponse(ctx, rsocket.NewPayload("", "")); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := collect(t, conn.RequestStream(ctx, rsocket.NewPayload("2000", ""))); n != 2000 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := slow.Recv(ctx); err != nil {
		t.Error(err)
	}
}

// Conforms: fragmentation/payload
func TestLargeItemsInFragments(t *testing.T) { overEachAtSpeed(t, largeItemsInFragments) }

func largeItemsInFragments(t *testing.T, connect connector) {
	for _, fragment := range []int{64, 1000, 100_000} {
		t.Run(fmt.Sprint(fragment), func(t *testing.T) {
			handler := rsocket.Handler{
				RequestStream: func(context.Context, *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
					return func(yield func(*rsocket.Payload, error) bool) {
						for _, size := range []int{0, 63, 64, 65, 3000, 300_000} {
							if !yield(rsocket.NewPayloadFromBytes(randomBytes(size), randomBytes(size/3)), nil) {
								return
							}
						}
					}
				},
				RequestResponse: echo,
				RequestChannel:  echoChannel,
			}
			conn := connect(t, handler, both(rsocket.WithFragmentLength(fragment)))
			ctx := testContext(t)
			var sizes []int
			for item, err := range conn.RequestStream(ctx, rsocket.NewPayload("", "")) {
				if err != nil {
					t.Fatal(err)
				}
				size := len(item.GetData())
				sizes = append(sizes, size)
				assertSamePayload(t, item, rsocket.NewPayloadFromBytes(randomBytes(size), randomBytes(size/3)))
				answer, err := conn.RequestResponse(ctx, item)
				if err != nil {
					t.Fatal(err)
				}
				assertSamePayload(t, answer, item)
			}
			if !slices.Equal(sizes, []int{0, 63, 64, 65, 3000, 300_000}) {
				t.Errorf("got %v", sizes)
			}
		})
	}
}

// Conforms: request-channel/both-complete, request-channel/responder-asks
func TestChannelsEchoEverything(t *testing.T) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, rsocket.Handler{RequestChannel: echoChannel})
			for _, n := range []int{1, 2, 256, 1000} {
				if got, err := collect(t, conn.RequestChannel(testContext(t), numbers(n, nil))); err != nil || got != n {
					t.Errorf("%d items: got %d, %v", n, got, err)
				}
			}
		})
	}
}

func TestChannelNeedsAFirstItem(t *testing.T) {
	conn := connectTCP(t, rsocket.Handler{RequestChannel: echoChannel})
	if _, err := collect(t, conn.RequestChannel(testContext(t), numbers(0, nil))); !errors.Is(err, rsocket.ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
}

// Conforms: request-channel/both-complete, request-channel/nothing-after-complete
func TestAChannelsHalvesEndByThemselves(t *testing.T) { overEach(t, aChannelsHalvesEndByThemselves) }

func aChannelsHalvesEndByThemselves(t *testing.T, connect connector) {
	requests := make(chan string, 10)
	conn := connect(t, rsocket.Handler{
		RequestChannel: func(_ context.Context, items iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				for item, err := range items {
					if err != nil {
						yield(nil, err)
						return
					}
					requests <- item.GetDataAsString()
				}
				requests <- "end"
				yield(rsocket.NewPayload("after the requests", ""), nil)
			}
		},
	})
	ctx := testContext(t)
	channel, err := conn.OpenChannel(ctx, rsocket.NewPayload("one", ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := channel.Send(ctx, rsocket.NewPayload("two", "")); err != nil {
		t.Fatal(err)
	}
	channel.CloseSend()
	channel.CloseSend()
	if err := channel.Send(ctx, rsocket.NewPayload("three", "")); err == nil {
		t.Error("an item was sent after the end")
	}
	for _, want := range []string{"one", "two", "end"} {
		if got := await(t, requests); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if item, err := channel.Recv(ctx); err != nil || item.GetDataAsString() != "after the requests" {
		t.Errorf("got %v, %v", item.GetDataAsString(), err)
	}
	if _, err := channel.Recv(ctx); err != io.EOF {
		t.Errorf("got %v", err)
	}
}

func TestAResponderThatWantsNoMoreGoesOnSending(t *testing.T) {
	overEach(t, aResponderThatWantsNoMoreGoesOnSending)
}

func aResponderThatWantsNoMoreGoesOnSending(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{
		RequestChannel: func(_ context.Context, items iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
			for range items {
				break
			}
			return numbers(500, nil)
		},
	})
	ctx := testContext(t)
	channel, err := conn.OpenChannel(ctx, rsocket.NewPayload("", ""))
	if err != nil {
		t.Fatal(err)
	}
	for {
		if err := channel.Send(ctx, rsocket.NewPayload("", "")); err != nil {
			if !errors.Is(err, rsocket.ErrNotWanted) {
				t.Errorf("got %v", err)
			}
			break
		}
	}
	n := 0
	for {
		_, err := channel.Recv(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 500 {
		t.Errorf("got %d items", n)
	}
}

// Conforms: request-channel/requester-fails, request-channel/responder-fails
func TestAChannelsErrorsReachTheOtherSide(t *testing.T) {
	overEach(t, aChannelsErrorsReachTheOtherSide)
}

func aChannelsErrorsReachTheOtherSide(t *testing.T, connect connector) {
	got := make(chan error, 1)
	conn := connect(t, rsocket.Handler{
		RequestChannel: func(_ context.Context, items iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				for item, err := range items {
					if err != nil {
						got <- err
						return
					}
					if item.GetDataAsString() == "fail" {
						yield(nil, errors.New("as you wish"))
						return
					}
				}
			}
		},
	})
	ctx := testContext(t)
	channel, err := conn.OpenChannel(ctx, rsocket.NewPayload("", ""))
	if err != nil {
		t.Fatal(err)
	}
	channel.Fail(rsocket.NewError(0x333, "my fault"))
	var known *rsocket.Error
	if err := await(t, got); !errors.As(err, &known) || known.Code != 0x333 || known.Message != "my fault" {
		t.Errorf("got %v", err)
	}
	channel, err = conn.OpenChannel(ctx, rsocket.NewPayload("fail", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := channel.Recv(ctx); !errors.Is(err, rsocket.ErrApplication) {
		t.Errorf("got %v", err)
	}
	if err := channel.Send(ctx, rsocket.NewPayload("", "")); err == nil {
		t.Error("an item was sent on a failed channel")
	}
}

// Conforms: metadata-push/either-side
func TestMetadataPushArrives(t *testing.T) { overEach(t, metadataPushArrives) }

func metadataPushArrives(t *testing.T, connect connector) {
	got := make(chan string, 1)
	push := rsocket.Handler{MetadataPush: func(_ context.Context, metadata []byte) { got <- string(metadata) }}
	client, server := connectBoth(t, connect, push, push)
	for _, conn := range []*rsocket.Conn{client, server} {
		if err := conn.MetadataPush(testContext(t), []byte("pushed")); err != nil {
			t.Fatal(err)
		}
		if metadata := await(t, got); metadata != "pushed" {
			t.Errorf("got %q", metadata)
		}
	}
	if err := client.MetadataPush(testContext(t), make([]byte, 32<<10+1)); !errors.Is(err, rsocket.ErrPayloadTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestStreamsEndWithTheConnection(t *testing.T) { overEach(t, streamsEndWithTheConnection) }

func streamsEndWithTheConnection(t *testing.T, connect connector) {
	conn := connect(t, rsocket.Handler{
		RequestStream: func(ctx context.Context, _ *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			return func(yield func(*rsocket.Payload, error) bool) {
				yield(rsocket.NewPayload("first", ""), nil)
				<-ctx.Done()
			}
		},
		RequestChannel: echoChannel,
	})
	ctx := testContext(t)
	stream, err := conn.OpenStream(ctx, rsocket.NewPayload("", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(ctx); err != nil {
		t.Fatal(err)
	}
	channel, err := conn.OpenChannel(ctx, rsocket.NewPayload("", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := channel.Recv(ctx); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if _, err := stream.Recv(ctx); !errors.Is(err, rsocket.ErrClosed) {
		t.Errorf("stream: %v", err)
	}
	if _, err := channel.Recv(ctx); !errors.Is(err, rsocket.ErrClosed) {
		t.Errorf("channel: %v", err)
	}
	if err := channel.Send(ctx, rsocket.NewPayload("", "")); !errors.Is(err, rsocket.ErrClosed) {
		t.Errorf("send: %v", err)
	}
	if _, err := conn.OpenStream(ctx, rsocket.NewPayload("", "")); !errors.Is(err, rsocket.ErrClosed) {
		t.Errorf("open: %v", err)
	}
}

// All interactions at once, both ways, with cancels: everything ends, nothing is mixed up, tokens are given back.
func TestAMixOfEverything(t *testing.T) { overEachAtSpeed(t, aMixOfEverything) }

func aMixOfEverything(t *testing.T, connect connector) {
	handler := rsocket.Handler{RequestResponse: echo, RequestStream: streamOf, RequestChannel: echoChannel}
	client, server := connectBoth(t, connect, handler, handler)
	ctx := testContext(t)
	var all sync.WaitGroup
	for worker := range 12 {
		conn := client
		if worker%2 == 1 {
			conn = server
		}
		all.Go(func() {
			for i := range 60 {
				n := 1 + (worker*31+i*17)%400
				switch i % 4 {
				case 0:
					if got, err := collect(t, conn.RequestStream(ctx, rsocket.NewPayload(strconv.Itoa(n), ""))); err != nil || got != n {
						t.Errorf("stream of %d: %d, %v", n, got, err)
					}
				case 1:
					if got, err := collect(t, conn.RequestChannel(ctx, numbers(n, nil), rsocket.WithPrefetch(1+i))); err != nil || got != n {
						t.Errorf("channel of %d: %d, %v", n, got, err)
					}
				case 2:
					for item, err := range conn.RequestStream(ctx, rsocket.NewPayload("100000", "")) {
						if err != nil {
							t.Errorf("stream to be left: %v", err)
						}
						if item.GetDataAsString() == strconv.Itoa(n) {
							break
						}
					}
				default:
					sent := rsocket.NewPayloadFromBytes(randomBytes(n*50), nil)
					answer, err := conn.RequestResponse(ctx, sent)
					if err != nil {
						t.Error(err)
						return
					}
					assertSamePayload(t, answer, sent)
				}
			}
		})
	}
	all.Wait()
}
