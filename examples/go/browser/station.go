package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// station has readings for who asks for them, and tells each page how its stream of them is doing.
type station struct {
	interval time.Duration
	board    *board
	log      io.Writer
}

func newStation(interval time.Duration, log io.Writer) *station {
	return &station{interval, newBoard(), log}
}

func (s *station) handler() rsocket.Handler {
	return rsocket.Handler{RequestStream: func(ctx context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
		switch request.GetDataAsString() {
		case "readings":
			return s.readings(ctx)
		case "progress":
			return s.progress(ctx)
		}
		return func(yield func(*rsocket.Payload, error) bool) {
			yield(nil, rsocket.NewError(rsocket.CodeInvalid, "there are streams of readings and of progress"))
		}
	}}
}

// reading is an item of the stream.
type reading struct {
	Number int     `json:"number"`
	Value  float64 `json:"value"` // from 0 to 1
}

func read(number int) reading {
	at := float64(number)
	return reading{number, 0.5 + 0.3*math.Sin(at/11) + 0.15*math.Sin(at/3.7)}
}

// readings yields one at each tick. There is nothing here about credit: a yield returns when the page had asked for the
// item, and nothing is produced meanwhile.
func (s *station) readings(ctx context.Context) iter.Seq2[*rsocket.Payload, error] {
	return func(yield func(*rsocket.Payload, error) bool) {
		progress, done := s.board.take(rsocket.ConnFromContext(ctx))
		defer done()
		progress.set(0, sending)
		sent := 0
		defer func() {
			progress.set(sent, cancelled)
			fmt.Fprintf(s.log, "cancelled after %d readings\n", sent)
		}()
		ticker := time.NewTicker(s.interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			progress.set(sent, waiting)
			if !yield(item(read(sent+1)), nil) {
				return
			}
			sent++
			progress.set(sent, sending)
		}
	}
}

// progress yields how the connection's readings are doing, whenever that has changed and the page wants to know.
func (s *station) progress(ctx context.Context) iter.Seq2[*rsocket.Payload, error] {
	return func(yield func(*rsocket.Payload, error) bool) {
		progress, done := s.board.take(rsocket.ConnFromContext(ctx))
		defer done()
		for {
			select {
			case <-progress.changed:
			case <-ctx.Done():
				return
			}
			if !yield(item(progress.get()), nil) {
				return
			}
		}
	}
}

func item(value any) *rsocket.Payload {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // our own types
	}
	return rsocket.NewPayloadFromBytes(data, nil)
}
