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

func (r *report) success(index int, m message) error {
	return r.out.json(result{
		Scenario: r.scenario,
		Index:    index,
		OK:       true,
		Data:     digest(m.data),
		Metadata: metadataDigest(m.metadata, m.hasMetadata),
	})
}

func (r *report) failure(index int, err error) error {
	failed := result{Scenario: r.scenario, Index: index, Metadata: noMetadata}
	failed.Error, failed.Code = describe(err)
	return r.out.json(failed)
}

// describe gives an error's text and, where the peer sent it, its wire code.
func describe(err error) (string, uint32) {
	var sent rsocket.Error
	if errors.As(err, &sent) {
		return string(sent.ErrorData()), uint32(sent.ErrorCode())
	}
	return err.Error(), 0
}

func (r *report) either(index int, m message, err error) error {
	if err != nil {
		return r.failure(index, err)
	}
	return r.success(index, m)
}

func (r *report) items(line itemsLine) error {
	line.Scenario = r.scenario
	return r.out.json(line)
}

func (r *report) inflight(n int) error { return r.out.json(map[string]int{"inflight": n}) }

func (r *report) done() error { return r.out.json(map[string]bool{"done": true}) }
