package interop

import (
	"encoding/json"
	"slices"
	"testing"
)

// client is a running client program.
type client struct{ *process }

// result is one request's end as a client program reports it.
type result struct {
	Scenario string `json:"scenario"`
	Index    int    `json:"index"`
	OK       bool   `json:"ok"`
	Data     string `json:"data"`
	Metadata string `json:"metadata"`
	Error    string `json:"error"`
	Code     uint32 `json:"code"`
}

// report is any line of a client program: a result, or one of the two others.
type report struct {
	result
	Inflight int  `json:"inflight"`
	Done     bool `json:"done"`
}

const (
	noMetadata = "none"
	hung       = "hung"
)

func startClient(t *testing.T, who peer, s *server, scenario string, flags ...string) *client {
	t.Helper()
	args := slices.Concat([]string{"client", "--connect", s.url, "--scenario", scenario}, s.clientFlags, flags)
	return &client{start(t, who, args...)}
}

func (c *client) nextReport(t *testing.T) report {
	t.Helper()
	var r report
	line := c.nextLine(t)
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatalf("%s: printed %q, which is no JSON object: %v", c.name, line, err)
	}
	return r
}

// results takes n results in the order of their indices, and the line that says that there are no more.
func (c *client) results(t *testing.T, n int) []result {
	t.Helper()
	results := make([]result, n)
	seen := make([]bool, n)
	for range n {
		r := c.nextReport(t).result
		if r.Index < 0 || r.Index >= n || seen[r.Index] || r.Scenario == "" {
			t.Fatalf("%s: printed %+v, want one result for each index below %d", c.name, r, n)
		}
		results[r.Index], seen[r.Index] = r, true
	}
	if r := c.nextReport(t); !r.Done {
		t.Fatalf("%s: printed %+v after %d results, want done", c.name, r, n)
	}
	return results
}

// finish is results of a scenario that ends by itself.
func (c *client) finish(t *testing.T, n int) []result {
	t.Helper()
	results := c.results(t, n)
	c.expectExit(t, 0)
	c.expectNoLine(t)
	return results
}

// only is finish for the scenarios of one request.
func (c *client) only(t *testing.T) result {
	t.Helper()
	return c.finish(t, 1)[0]
}

// expectEcho asserts that a result is the answer with this data; metadata is its digest or "none".
func expectEcho(t *testing.T, got result, data, metadata string) {
	t.Helper()
	if !got.OK || got.Data != digest([]byte(data)) || got.Metadata != metadata || got.Error != "" || got.Code != 0 {
		t.Fatalf("result %+v, want ok with %d bytes of data (%s) and metadata %s", got, len(data), digest([]byte(data)), metadata)
	}
}

// expectFailure asserts that a result is the other side's ERROR with this code and message.
func expectFailure(t *testing.T, got result, code uint32, message string) {
	t.Helper()
	if got.OK || got.Code != code || got.Error != message {
		t.Fatalf("result %+v, want error %q with code %#x", got, message, code)
	}
}

// expectLocalFailure asserts that a request ended with an error of the client's own, and ended by itself.
func expectLocalFailure(t *testing.T, got result) {
	t.Helper()
	if got.OK || got.Error == "" || got.Error == hung {
		t.Fatalf("result %+v, want an error that is not %q", got, hung)
	}
}

func expectHung(t *testing.T, got result) {
	t.Helper()
	if got.OK || got.Error != hung {
		t.Fatalf("result %+v, want %q", got, hung)
	}
}
