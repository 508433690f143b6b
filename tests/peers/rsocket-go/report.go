package main

import (
	"errors"

	"github.com/rsocket/rsocket-go"
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

func (r *report) success(index int, m message) error {
	return r.out.json(result{
		Scenario: r.scenario,
		Index:    index,
		OK:       true,
		Data:     digest(m.data),
		Metadata: metadataDigest(m.metadata, m.hasMetadata),
	})
}

// failure reports an error's text and, where the peer sent it, its wire code.
func (r *report) failure(index int, err error) error {
	failed := result{Scenario: r.scenario, Index: index, Metadata: noMetadata, Error: err.Error()}
	var sent rsocket.Error
	if errors.As(err, &sent) {
		failed.Error, failed.Code = string(sent.ErrorData()), uint32(sent.ErrorCode())
	}
	return r.out.json(failed)
}

func (r *report) either(index int, m message, err error) error {
	if err != nil {
		return r.failure(index, err)
	}
	return r.success(index, m)
}

func (r *report) inflight(n int) error { return r.out.json(map[string]int{"inflight": n}) }

func (r *report) done() error { return r.out.json(map[string]bool{"done": true}) }
