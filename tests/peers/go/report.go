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

func (r *report) success(index int, p *rsocket.Payload) error {
	return r.out.json(result{
		Scenario: r.scenario,
		Index:    index,
		OK:       true,
		Data:     digest(p.Data()),
		Metadata: metadataDigest(p),
	})
}

// failure reports an error's text: the peer's with its wire code, or our own without one.
func (r *report) failure(index int, err error) error {
	failed := result{Scenario: r.scenario, Index: index, Metadata: noMetadata, Error: err.Error()}
	var sent *rsocket.Error
	if errors.As(err, &sent) && sent.Origin == rsocket.OriginPeer {
		failed.Error, failed.Code = sent.Message, uint32(sent.Code)
	}
	return r.out.json(failed)
}

func (r *report) either(index int, p *rsocket.Payload, err error) error {
	if err != nil {
		return r.failure(index, err)
	}
	return r.success(index, p)
}

func (r *report) inflight(n int) error { return r.out.json(map[string]int{"inflight": n}) }

func (r *report) done() error { return r.out.json(map[string]bool{"done": true}) }
