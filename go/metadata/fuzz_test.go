package metadata

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// addVectors begins the corpus of a target with all bytes that the table tests know.
func addVectors(f *testing.F) {
	v := loadVectors(f)
	for _, vector := range v.Composite {
		f.Add([]byte(vector.Layout))
	}
	for _, vector := range v.Routing {
		f.Add([]byte(vector.Layout))
	}
	for _, vector := range v.StreamMIME {
		f.Add([]byte(vector.Layout))
	}
	for _, vector := range v.AcceptMIMEs {
		f.Add([]byte(vector.Layout))
	}
	for _, vector := range v.Auth {
		f.Add([]byte(vector.Layout))
	}
	for _, vector := range v.Zipkin {
		f.Add([]byte(vector.Layout))
	}
	for _, vector := range v.Malformed {
		f.Add([]byte(vector.Layout))
	}
}

// goodOf checks that only the last result is truncated and that there are no more than there can be, and returns the
// items that decoded.
func goodOf[T any](t *testing.T, results []result[T], most int) (items []T) {
	t.Helper()
	if len(results) > most {
		t.Fatalf("%d items in %d bytes", len(results), most)
	}
	for i, r := range results {
		if errors.Is(r.err, ErrTruncated) && i != len(results)-1 {
			t.Fatalf("items after the end: %v", results)
		}
		if r.err == nil {
			items = append(items, r.item)
		}
	}
	return items
}

// same checks that what was decoded encodes to what decodes to the same.
func same[T any](t *testing.T, item Item, decode func([]byte) []result[T], want []T) {
	t.Helper()
	encoded, err := item.AppendBinary(nil)
	if err != nil {
		t.Fatalf("%v does not encode: %v", want, err)
	}
	if got := decode(encoded); !reflect.DeepEqual(got, good(want)) {
		t.Fatalf("decoded %v, want %v", got, want)
	}
}

// Conforms: composite/order
func FuzzComposite(f *testing.F) {
	addVectors(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		entries := goodOf(t, all(Composite(b).Entries()), len(b))
		var composite Composite
		for _, entry := range entries {
			var err error
			if composite, err = composite.Append(entry); err != nil {
				t.Fatal(err)
			}
			if _, ok, err := Composite(b).Find(entry.MIME); !ok || err != nil {
				t.Fatalf("%s is not found: %v", entry.MIME, err)
			}
		}
		if got := all(composite.Entries()); !reflect.DeepEqual(got, good(entries)) {
			t.Fatalf("decoded %v, want %v", got, entries)
		}
	})
}

func FuzzParseTags(f *testing.F) {
	addVectors(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		tags := goodOf(t, all(ParseTags(b)), len(b))
		if len(tags) == 0 {
			return
		}
		var rest []string
		for _, tag := range tags[1:] {
			rest = append(rest, string(tag))
		}
		decode := func(b []byte) []result[[]byte] { return all(ParseTags(b)) }
		same(t, Route(string(tags[0]), rest...), decode, tags)
	})
}

func FuzzParseMIME(f *testing.F) {
	addVectors(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		mimes := goodOf(t, all(ParseAcceptMIME(b)), len(b))
		decode := func(b []byte) []result[MIME] { return all(ParseAcceptMIME(b)) }
		same(t, AcceptMIME(mimes...), decode, mimes)
		if mime, err := ParseStreamMIME(b); err == nil {
			decode := func(b []byte) []result[MIME] { return one(ParseStreamMIME(b)) }
			same(t, StreamMIME(mime), decode, []MIME{mime})
		}
	})
}

func FuzzParseAuth(f *testing.F) {
	addVectors(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if auth, err := ParseAuth(b); err == nil && !bytes.HasSuffix(b, auth.Payload) {
			t.Fatalf("the payload is not the end of %x", b)
		}
		if item, err := parseCredentials(b); err == nil {
			decode := func(b []byte) []result[Item] { return one(parseCredentials(b)) }
			same(t, item, decode, []Item{item})
		}
	})
}

func FuzzParseZipkin(f *testing.F) {
	addVectors(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if z, err := ParseZipkin(b); err == nil {
			decode := func(b []byte) []result[Zipkin] { return one(ParseZipkin(b)) }
			same(t, z, decode, []Zipkin{z})
		}
	})
}
