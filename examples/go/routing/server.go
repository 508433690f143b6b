package main

import (
	"context"
	"io"
	"iter"
	"log"
	"net"
	"slices"
	"strings"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// serve returns when ctx ends and every handler has.
func serve(ctx context.Context, listener net.Listener, _ settings, stderr io.Writer) error {
	err := rsocket.Serve(ctx, listener, texts(log.New(stderr, "server: ", 0)).handler())
	if ctx.Err() != nil {
		return nil // we were told to stop
	}
	return err
}

// texts is what the server can do with a text.
func texts(log *log.Logger) router {
	var r router
	r.responses = map[string]func(context.Context, *rsocket.Payload) (*rsocket.Payload, error){
		"text.upper": func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			log.Println("at text.upper")
			return rsocket.NewPayload(strings.ToUpper(request.GetDataAsString()), ""), nil
		},
		"text.reverse": func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			log.Println("at text.reverse")
			runes := []rune(request.GetDataAsString())
			slices.Reverse(runes)
			return rsocket.NewPayload(string(runes), ""), nil
		},
	}
	r.streams = map[string]func(context.Context, *rsocket.Payload) iter.Seq2[*rsocket.Payload, error]{
		"text.words": func(_ context.Context, request *rsocket.Payload) iter.Seq2[*rsocket.Payload, error] {
			log.Println("at text.words")
			return words(request.GetDataAsString())
		},
	}
	return r
}

func words(text string) iter.Seq2[*rsocket.Payload, error] {
	return func(yield func(*rsocket.Payload, error) bool) {
		for word := range strings.FieldsSeq(text) {
			if !yield(rsocket.NewPayload(word, ""), nil) {
				return
			}
		}
	}
}
