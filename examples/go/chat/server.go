package main

import (
	"context"
	"io"
	"iter"
	"log"
	"net"
	"sync"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// serve returns when ctx ends and every member has left.
func serve(ctx context.Context, listener net.Listener, stderr io.Writer) error {
	room := newRoom(log.New(stderr, "server: ", 0))
	err := rsocket.Serve(ctx, listener, rsocket.Handler{RequestChannel: room.chat})
	if ctx.Err() != nil {
		return nil // we were told to stop
	}
	return err
}

// chat is one member's channel: its first item is the member's name, the others are what it says; the answers are
// what it hears.
func (r *room) chat(_ context.Context, said iter.Seq2[*rsocket.Payload, error]) iter.Seq2[*rsocket.Payload, error] {
	return func(yield func(*rsocket.Payload, error) bool) {
		member := newMember()
		var listening sync.WaitGroup
		defer listening.Wait() // a yield that returns false says that the channel is over, and so is what is said
		listening.Go(func() { r.listenTo(member, said) })
		for line := range member.hears {
			if !yield(rsocket.NewPayload(line, ""), nil) {
				return
			}
		}
	}
}

// listenTo relays what a member says until it leaves.
func (r *room) listenTo(member *member, said iter.Seq2[*rsocket.Payload, error]) {
	defer r.leave(member)
	for item, err := range said {
		switch line := printable(item.GetDataAsString()); {
		case err != nil:
			return // it left without a goodbye
		case member.name == "":
			r.join(member, line)
		default:
			r.relay(member, member.name+": "+line)
		}
	}
}
