package rsocket

import (
	"testing"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

func TestOnlyWhatTheCoreHasTakenIsHanded(t *testing.T) {
	events := []ffi.Event{
		{Kind: ffi.EventRefused, Token: 2, Code: uint32(ffi.ResultDraining)},
		{Kind: ffi.EventRefused, Token: 3, Code: uint32(ffi.ResultNoSuchStream)}, // COMPLETE on an open channel
		{Kind: ffi.EventReleased, Token: 4},
	}
	var h handed
	// What goes ahead of requests is not counted among them.
	commands := make([]ffi.Command, 7)
	commands[0].Kind, commands[1].Kind = ffi.CommandMetadataPush, ffi.CommandGrantLease
	h.note(&ffi.Turn{Commands: commands, Events: events}, &ffi.Progress{CommandsUsed: 7, EventsLen: len(events)})
	for request, want := range map[opening]bool{
		{token: 1, number: 0}: true,
		{token: 2, number: 1}: false,
		{token: 3, number: 2}: true,
		{token: 4, number: 4}: true,
		{token: 5, number: 5}: false,
	} {
		if got := h.includes(request); got != want {
			t.Errorf("%+v: %t, want %t", request, got, want)
		}
	}
	// The flusher has told what was refused before the next turn.
	h.note(&ffi.Turn{Commands: commands[2:]}, &ffi.Progress{CommandsUsed: 1})
	if len(h.refused) != 0 || !h.includes(opening{token: 5, number: 5}) {
		t.Errorf("after another turn: %+v", h)
	}
}

func TestRefusalsOfRequestsAreToldFromOthers(t *testing.T) {
	for result, want := range map[ffi.Result]bool{
		ffi.ResultClosed:          true,
		ffi.ResultDraining:        true,
		ffi.ResultNotReady:        true,
		ffi.ResultNoLease:         true,
		ffi.ResultTooManyStreams:  true,
		ffi.ResultNoSuchStream:    false,
		ffi.ResultNoCredit:        false,
		ffi.ResultPayloadTooLarge: false,
		ffi.ResultInvalidArgument: false,
	} {
		if got := refusesRequests(result); got != want {
			t.Errorf("%s: %t", result, got)
		}
	}
}
