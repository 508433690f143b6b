package metadata

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// mime stands for an item whose MIME type is what matters.
func mime(m MIME) Item { return Entry{m, nil} }

// Conforms: composite/text, composite/mime-ascii, composite/length, routing/layout, routing/utf8, auth/ascii
// Conforms: simple/layout
func TestEncodingKeepsTheLimits(t *testing.T) {
	times := func(n int) string { return strings.Repeat("x", n) }
	notUTF8 := "a\xff"
	table := []struct {
		name string
		item Item
		want *Error // nil: it fits
	}{
		{"the longest content", Entry{MIMERouting, make([]byte, MaxContentLen)}, nil},
		{"content that is too long", Entry{MIMERouting, make([]byte, MaxContentLen+1)},
			&Error{"metadata payload", ErrTooLong, 1 << 24, 1<<24 - 1}},
		{"the longest MIME type", mime(MIME(times(128))), nil},
		{"a MIME type that is too long", mime(MIME(times(129))), &Error{"MIME type", ErrTooLong, 129, 128}},
		{"no MIME type", mime(""), &Error{"MIME type", ErrEmpty, 0, 0}},
		{"a MIME type that is not ASCII", mime("text/ä"), &Error{"MIME type", ErrNotASCII, 0, 0}},
		{"a MIME type of one letter that is not ASCII", mime("ä"), &Error{"MIME type", ErrNotASCII, 0, 0}},
		{"a stream's MIME type", StreamMIME(""), &Error{"MIME type", ErrEmpty, 0, 0}},
		{"the second MIME type to accept", AcceptMIME(MIMETextCSS, ""), &Error{"MIME type", ErrEmpty, 0, 0}},
		{"the longest tag", Route(times(255), times(255)), nil},
		{"a route that is too long", Route(times(256)), &Error{"tag", ErrTooLong, 256, 255}},
		{"a tag that is too long", Route("a", "b", times(256)), &Error{"tag", ErrTooLong, 256, 255}},
		{"a tag that is not UTF-8", Route("a", notUTF8), &Error{"tag", ErrNotUTF8, 0, 0}},
		{"the longest username", SimpleAuth(times(65535), ""), nil},
		{"a username that is too long", SimpleAuth(times(65536), ""), &Error{"username", ErrTooLong, 65536, 65535}},
		{"a username that is not UTF-8", SimpleAuth(notUTF8, ""), &Error{"username", ErrNotUTF8, 0, 0}},
		{"a password that is not UTF-8", SimpleAuth("", notUTF8), &Error{"password", ErrNotUTF8, 0, 0}},
		{"a token that is not UTF-8", BearerAuth(notUTF8), &Error{"bearer token", ErrNotUTF8, 0, 0}},
		{"no authentication type", Auth{}, &Error{"authentication type", ErrEmpty, 0, 0}},
		{"an authentication type that is too long", Auth{Type: AuthType(times(129))},
			&Error{"authentication type", ErrTooLong, 129, 128}},
		{"an authentication type that is not ASCII", Auth{Type: "ä"}, &Error{"authentication type", ErrNotASCII, 0, 0}},
		{"a sampling that there is not", Zipkin{Sampling: 4}, &Error{"flags", ErrZipkinFields, 0, 0}},
		{"a trace id without ids", Zipkin{TraceID: 1}, &Error{"trace ID", ErrZipkinFields, 0, 0}},
		{"a long trace id without ids", Zipkin{LongTraceID: true}, &Error{"trace ID", ErrZipkinFields, 0, 0}},
		{"half a trace id", Zipkin{HasIDs: true, TraceIDHigh: 1}, &Error{"trace ID", ErrZipkinFields, 0, 0}},
		{"a span id without ids", Zipkin{SpanID: 1}, &Error{"span ID", ErrZipkinFields, 0, 0}},
		{"a parent without ids", Zipkin{HasParent: true}, &Error{"parent span ID", ErrZipkinFields, 0, 0}},
		{"a parent's id without a parent", Zipkin{HasIDs: true, ParentID: 1}, &Error{"parent span ID", ErrZipkinFields, 0, 0}},
	}
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			before, err := NewComposite(mime("before"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := before.Append(mime("good"), row.item)
			checkAppended(t, before, got, err, row.want)
		})
	}
}

func checkAppended(t *testing.T, before, got Composite, err error, want *Error) {
	t.Helper()
	if want == nil {
		if results := all(got.Entries()); err != nil || len(results) != 3 || results[2].err != nil {
			t.Errorf("%d entries, %v", len(results), err)
		}
		return
	}
	var typed *Error
	if !errors.As(err, &typed) || *typed != *want || !errors.Is(err, want.Err) {
		t.Errorf("%v, want %v", err, want)
	}
	if !bytes.Equal(got, before) {
		t.Errorf("%x after an error, want %x", got, before)
	}
}

// AppendBinary returns what was there before with an error, so that the caller's slice is not lost.
func TestAppendBinaryKeepsWhatWasThere(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, item := range []Item{
		Route("a", long), AcceptMIME(MIMETextCSS, ""), StreamMIME(""), SimpleAuth("\xff", ""), BearerAuth("\xff"), Auth{},
		Zipkin{TraceID: 1},
	} {
		if got, err := item.AppendBinary([]byte("before")); err == nil || string(got) != "before" {
			t.Errorf("%s: %q, %v", item.MIMEType(), got, err)
		}
	}
}

func TestErrorsSayWhatIsWrongWithWhichField(t *testing.T) {
	_, tooLong := Route(strings.Repeat("x", 300)).AppendBinary(nil)
	_, truncated := ParseZipkin(nil)
	for err, want := range map[error]string{
		tooLong:   "metadata: too long: tag of 300 bytes, at most 255 fit",
		truncated: "metadata: truncated: flags",
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}

func TestMIMEIsShownByItsNameOrID(t *testing.T) {
	table := []struct {
		mime  MIME
		shown string
		id    int
	}{
		{MIMEApplicationJSON, "application/json", 5},
		{"a/b", "a/b", -1},
		{MIMEByID(0x55), "0x55", 0x55},
		{MIMEByID(0x85), "application/json", 5}, // the top bit is ignored
		{"", "", -1},
	}
	for _, row := range table {
		id, ok := row.mime.ID()
		if row.mime.String() != row.shown || ok != (row.id >= 0) || ok && int(id) != row.id {
			t.Errorf("%s with the id %d, %v; want %s, %d", row.mime, id, ok, row.shown, row.id)
		}
	}
}

func TestCredentialsOfAnotherTypeAreNotRead(t *testing.T) {
	_, _, err := Auth{Type: AuthBearer}.Simple()
	if !errors.Is(err, ErrAuthType) {
		t.Errorf("bearer as simple: %v", err)
	}
	if _, err := (Auth{Type: AuthSimple}).Bearer(); !errors.Is(err, ErrAuthType) {
		t.Errorf("simple as bearer: %v", err)
	}
}

func TestCredentialsAreNotShown(t *testing.T) {
	for _, item := range []Item{
		SimpleAuth("secret", "secret"), BearerAuth("secret"), Auth{"key", []byte("secret")},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if shown := fmt.Sprintf(verb, item); !strings.HasSuffix(shown, " credentials") {
				t.Errorf("%s shows %s", verb, shown)
			}
		}
	}
}

// Conforms: composite/skippable, composite/order
func TestFindPassesOverOtherEntries(t *testing.T) {
	notASCII := Composite("\x00\xff\x00\x00\x00") // a MIME type that is not ASCII, no content
	composite, err := notASCII.Append(Entry{MIMETextCSV, nil}, Route("first"), Route("second"))
	if err != nil {
		t.Fatal(err)
	}
	if content, ok, err := composite.Find(MIMERouting); string(content) != "\x05first" || !ok || err != nil {
		t.Errorf("found %q, %v, %v", content, ok, err)
	}
	if content, ok, err := composite.Find(MIMETextCSS); content != nil || ok || err != nil {
		t.Errorf("found %q, %v, %v", content, ok, err)
	}
	if _, ok, err := composite[:6].Find(MIMERouting); ok || !errors.Is(err, ErrTruncated) {
		t.Errorf("in truncated metadata: %v, %v", ok, err)
	}
}

func TestIterationEndsWhereTheLoopDoes(t *testing.T) {
	composite, err := NewComposite(Route("a", "b"), Route("c"))
	if err != nil {
		t.Fatal(err)
	}
	for entry, err := range composite.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		for tag := range ParseTags(entry.Content) {
			if string(tag) != "a" {
				t.Errorf("tag %s", tag)
			}
			break
		}
		break
	}
	for range ParseAcceptMIME([]byte{0x80, 0x81}) {
		break
	}
}

// What is decoded is part of what was given, and appending to it leaves the rest alone.
func TestDecodingDoesNotCopy(t *testing.T) {
	composite, err := NewComposite(Route("a.b"), mime("text/x"), Zipkin{HasIDs: true, TraceID: 1, SpanID: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Clone(composite)
	content, _, _ := composite.Find(MIMERouting)
	_ = append(content, "overwritten"...)
	if !bytes.Equal(composite, want) {
		t.Error("appending to content wrote to the next entry")
	}
	content[1] = 'A'
	if got, _, _ := composite.Find(MIMERouting); string(got) != "\x03A.b" {
		t.Errorf("content is a copy: %q", got)
	}
	if allocs := testing.AllocsPerRun(100, func() { readAll(t, composite) }); allocs > 1 {
		t.Errorf("%v allocations, want one for the MIME type that has no id", allocs)
	}
}

func readAll(t *testing.T, composite Composite) {
	for entry, err := range composite.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		switch entry.MIME {
		case MIMERouting:
			for tag, err := range ParseTags(entry.Content) {
				if string(tag) != "A.b" || err != nil {
					t.Errorf("%s, %v", tag, err)
				}
			}
		case MIMETracingZipkin:
			if _, err := ParseZipkin(entry.Content); err != nil {
				t.Error(err)
			}
		}
	}
}
