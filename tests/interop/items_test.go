package interop

import (
	"encoding/json"
	"testing"
)

// items is what came of a stream or a channel as a client program reports it.
type items struct {
	Scenario string `json:"scenario"`
	Items    int    `json:"items"`
	Ordered  bool   `json:"ordered"`
	Error    string `json:"error"`
	Code     uint32 `json:"code"`
}

// nextItems takes the line of a stream or a channel.
func (c *client) nextItems(t *testing.T) items {
	t.Helper()
	var got items
	line := c.nextLine(t)
	if err := json.Unmarshal([]byte(line), &got); err != nil || got.Scenario == "" {
		t.Fatalf("%s: printed %q, want what came of a stream or a channel: %v", c.name, line, err)
	}
	return got
}

// onlyItems is nextItems of a scenario that has no other result.
func (c *client) onlyItems(t *testing.T) items {
	t.Helper()
	got := c.nextItems(t)
	c.finish(t, 0)
	return got
}

// itemsThenEcho is nextItems of a scenario that shows with an echo of this data that the connection lives on.
func (c *client) itemsThenEcho(t *testing.T, data string) items {
	t.Helper()
	got := c.nextItems(t)
	echo := c.nextReport(t).result
	if echo.Index != 1 {
		t.Fatalf("%s: printed %+v, want the result with index 1", c.name, echo)
	}
	expectEcho(t, echo, data, noMetadata)
	c.finish(t, 0)
	return got
}

// expectItems asserts that so many items came, each the right one, and nothing went wrong.
func expectItems(t *testing.T, got items, count int) {
	t.Helper()
	expectItemsThen(t, got, count, 0, "")
}

// expectItemsFrom is expectItems for a pair whose server may lose credit: then the items stop in the middle, in order.
func expectItemsFrom(t *testing.T, p pair, got items, count int) {
	t.Helper()
	if p.server.deviates(asServer, mayLoseCredit) && got.Error == hung {
		expectFewer(t, got, count)
		return
	}
	expectItems(t, got, count)
}

// expectItemsThen is expectItems with an error behind the items.
func expectItemsThen(t *testing.T, got items, count int, code uint32, message string) {
	t.Helper()
	if got.Items != count || !got.Ordered || got.Code != code || got.Error != message {
		t.Fatalf("result %+v, want %d items in order and error %q with code %#x", got, count, message, code)
	}
}

// expectFewer asserts that items are missing at the end, and only there.
func expectFewer(t *testing.T, got items, than int) {
	t.Helper()
	if got.Items >= than || !got.Ordered {
		t.Fatalf("result %+v, want fewer than %d items, in order", got, than)
	}
}
