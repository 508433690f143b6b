package main

import (
	"errors"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// report prints a scenario's results, one JSON object a line.
type report struct {
	scenario string
	out      *lines
}

type result struct {
	Scenario string `json:"scenario"`
	Index    int    `json:"index"`
	OK       bool   `json:"ok"`
	Data     string `json:"data"`
	Metadata string `json:"metadata"`
	Error    string `json:"error"`
	Code     uint32 `json:"code"`
}

// itemsLine is what came of a stream or a channel.
type itemsLine struct {
	Scenario string `json:"scenario"`
	// Items is how many items came.
	Items int `json:"items"`
	// Ordered says that each was the one that was expected.
	Ordered bool   `json:"ordered"`
	Error   string `json:"error"`
	Code    uint32 `json:"code"`
}

func (l *itemsLine) fail(err error) { l.Error, l.Code = describe(err) }

func (r *report) success(index int, p *rsocket.Payload) error {
	return r.out.json(result{
		Scenario: r.scenario,
		Index:    index,
		OK:       true,
		Data:     digest(p.Data()),
		Metadata: metadataDigest(p),
	})
}

func (r *report) failure(index int, err error) error {
	failed := result{Scenario: r.scenario, Index: index, Metadata: noMetadata}
	failed.Error, failed.Code = describe(err)
	return r.out.json(failed)
}

// describe gives an error's text: the peer's with its wire code, or our own without one.
func describe(err error) (string, uint32) {
	var sent *rsocket.Error
	if errors.As(err, &sent) && sent.Origin == rsocket.OriginPeer {
		return sent.Message, uint32(sent.Code)
	}
	return err.Error(), 0
}

func (r *report) either(index int, p *rsocket.Payload, err error) error {
	if err != nil {
		return r.failure(index, err)
	}
	return r.success(index, p)
}

func (r *report) items(line itemsLine) error {
	line.Scenario = r.scenario
	return r.out.json(line)
}

func (r *report) inflight(n int) error { return r.out.json(map[string]int{"inflight": n}) }

func (r *report) done() error { return r.out.json(map[string]bool{"done": true}) }
