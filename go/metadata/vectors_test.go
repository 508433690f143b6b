package metadata

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
)

// vectorsFile is shared with the Rust module of the same name, so that the two read and write the same bytes. It says
// itself what its fields mean.
const vectorsFile = "../../tests/vectors/metadata.json"

type vectors struct {
	About              []string
	WellKnownMIMEs     []wellKnownVector `json:"well_known_mimes"`
	WellKnownAuthTypes []wellKnownVector `json:"well_known_auth_types"`

	Composite []struct {
		layout
		Entries []struct {
			MIME    nameVector
			Content hexBytes
		}
	}
	Routing []struct {
		layout
		Tags []string
	}
	StreamMIME []struct {
		layout
		MIME nameVector
	} `json:"stream_mime"`
	AcceptMIMEs []struct {
		layout
		MIMEs []nameVector
	} `json:"accept_mimes"`
	Auth []struct {
		layout
		Credentials credentialsVector
	}
	Zipkin []struct {
		layout
		Trace traceVector
	}
	Malformed []struct {
		layout
		Extension, Error, Field string
		Good                    int
	}
}

// layout is the bytes, and what else holds for every vector.
type layout struct {
	Name    string
	Layout  pieces
	Encoded pieces
	Cuts    []int
}

func (l layout) sent() []byte {
	if l.Encoded != nil {
		return l.Encoded
	}
	return l.Layout
}

func loadVectors(t testing.TB) (v vectors) {
	t.Helper()
	text, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // a part of the file that no test looks at
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// pieces are bytes, written as pairs of hexadecimal digits and what they say.
type pieces []byte

func (p *pieces) UnmarshalJSON(text []byte) error {
	var pairs [][2]string
	if err := json.Unmarshal(text, &pairs); err != nil {
		return err
	}
	*p = pieces{}
	for _, pair := range pairs {
		piece, err := hex.DecodeString(pair[0])
		if err != nil {
			return err
		}
		*p = append(*p, piece...)
	}
	return nil
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// wellKnownVector is a pair of an id and a name.
type wellKnownVector struct {
	id   uint8
	name string
}

func (w *wellKnownVector) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&w.id, &w.name})
}

// nameVector is a name, or an id that has none.
type nameVector string

func (n *nameVector) UnmarshalJSON(text []byte) error {
	if id, err := strconv.ParseUint(string(text), 10, 7); err == nil {
		*n = nameVector(unnamed(uint8(id)))
		return nil
	}
	return json.Unmarshal(text, (*string)(n))
}

type credentialsVector struct {
	Simple *struct{ Username, Password string }
	Bearer *struct{ Token string }
	Other  *struct {
		Type    nameVector
		Payload hexBytes
	}
}

func (c credentialsVector) item() Item {
	switch {
	case c.Simple != nil:
		return SimpleAuth(c.Simple.Username, c.Simple.Password)
	case c.Bearer != nil:
		return BearerAuth(c.Bearer.Token)
	}
	return Auth{AuthType(c.Other.Type), c.Other.Payload}
}

// parseCredentials reads credentials, and gives those that SimpleAuth and BearerAuth write as what these return.
func parseCredentials(content []byte) (Item, error) {
	auth, err := ParseAuth(content)
	if err != nil {
		return nil, err
	}
	switch auth.Type {
	case AuthSimple:
		username, password, err := auth.Simple()
		return SimpleAuth(string(username), string(password)), err
	case AuthBearer:
		token, err := auth.Bearer()
		return BearerAuth(string(token)), err
	}
	return auth, nil
}

type traceVector struct {
	Sampling string
	Span     *struct {
		TraceID  hexBytes `json:"trace_id"`
		ID       hexBytes
		ParentID hexBytes `json:"parent_id"`
	}
}

func (v traceVector) zipkin() Zipkin {
	z := Zipkin{Sampling: map[string]Sampling{
		"undecided":   SamplingUndecided,
		"not-sampled": SamplingOff,
		"sampled":     SamplingOn,
		"debug":       SamplingDebug,
	}[v.Sampling]}
	if v.Span == nil {
		return z
	}
	number := func(digits []byte) (n uint64) {
		for _, b := range digits {
			n = n<<8 | uint64(b)
		}
		return n
	}
	high, low := v.Span.TraceID[:len(v.Span.TraceID)-8], v.Span.TraceID[len(v.Span.TraceID)-8:]
	z.HasIDs, z.LongTraceID, z.HasParent = true, len(high) != 0, v.Span.ParentID != nil
	z.TraceIDHigh, z.TraceID = number(high), number(low)
	z.SpanID, z.ParentID = number(v.Span.ID), number(v.Span.ParentID)
	return z
}

// result is one item of metadata, or why it is none.
type result[T any] struct {
	item T
	err  error
}

func one[T any](item T, err error) []result[T] { return []result[T]{{item, err}} }

func all[T any](items func(yield func(T, error) bool)) (results []result[T]) {
	for item, err := range items {
		results = append(results, result[T]{item, err})
	}
	return results
}

func good[T any](items []T) (results []result[T]) {
	for _, item := range items {
		results = append(results, result[T]{item, nil})
	}
	return results
}

// check checks that the bytes of l decode to items and items encode to what is to be sent, and every way of cutting the
// bytes short.
func check[T any](t *testing.T, l layout, decode func([]byte) []result[T], items []T, encoded []byte, err error) {
	t.Helper()
	if got := decode(l.Layout); !reflect.DeepEqual(got, good(items)) {
		t.Errorf("%s: decoded %v, want %v", l.Name, got, items)
	}
	if err != nil || !bytes.Equal(encoded, l.sent()) {
		t.Errorf("%s: encoded %x, %v, want %x", l.Name, encoded, err, l.sent())
	}
	for length := range l.Layout {
		name := fmt.Sprintf("%s, cut to %d", l.Name, length)
		checkCut(t, name, slices.Contains(l.Cuts, length), decode(l.Layout[:length]), items)
	}
}

// checkCut checks that nothing but the last result is an error, and that one only if the cut is not between items.
func checkCut[T any](t *testing.T, name string, whole bool, results []result[T], items []T) {
	t.Helper()
	failed := slices.IndexFunc(results, func(r result[T]) bool { return r.err != nil })
	if whole != (failed < 0) {
		t.Errorf("%s: %v", name, results)
	}
	if failed < 0 {
		return
	}
	if failed != len(results)-1 || !errors.Is(results[failed].err, ErrTruncated) {
		t.Errorf("%s: %v", name, results)
	}
	if before := results[:failed]; failed > 0 && !reflect.DeepEqual(before, good(items[:failed])) {
		t.Errorf("%s: decoded %v, want %v", name, before, items)
	}
}

// checkItem checks that an item stands in composite metadata with its MIME type and content.
func checkItem(t *testing.T, item Item, mime MIME, content []byte) {
	t.Helper()
	composite, err := NewComposite(Entry{"before", nil}, item)
	if err != nil {
		t.Fatal(err)
	}
	found, ok, err := composite.Find(mime)
	if !ok || err != nil || !bytes.Equal(found, content) {
		t.Errorf("%s: found %x, %v, %v, want %x", mime, found, ok, err, content)
	}
}

// Conforms: composite/mime, stream-mime/mime, accept-mime/mime, routing/mime, auth/mime, zipkin/mime, mime/ids
func TestWellKnownMIMEsAreThoseOfTheDocument(t *testing.T) {
	want := loadVectors(t).WellKnownMIMEs
	var got []wellKnownVector
	for id, mime := range wellKnown {
		if mime != "" {
			got = append(got, wellKnownVector{uint8(id), mime.String()})
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Conforms: auth/known-ids
func TestWellKnownAuthTypesAreThoseOfTheDocument(t *testing.T) {
	for _, want := range loadVectors(t).WellKnownAuthTypes {
		authType := AuthType(want.name)
		if id, ok := authType.ID(); !ok || id != want.id || authTypeByID(id) != authType {
			t.Errorf("%s has the id %d, %v, want %d", authType, id, ok, want.id)
		}
	}
}

// Conforms: composite/repeated, composite/order, composite/entry-layout, composite/well-known, composite/text
// Conforms: composite/mime-not-terminated, composite/length, composite/content, mime/names
func TestCompositeIsLaidOutAsSpecified(t *testing.T) {
	for _, v := range loadVectors(t).Composite {
		var entries []Entry
		var items []Item
		for _, entry := range v.Entries {
			entries = append(entries, Entry{MIME(entry.MIME), entry.Content})
			items = append(items, entries[len(entries)-1])
		}
		decode := func(b []byte) []result[Entry] { return all(Composite(b).Entries()) }
		encoded, err := NewComposite(items...)
		check(t, v.layout, decode, entries, encoded, err)
	}
}

// Conforms: routing/tags-ignored, routing/mime, routing/layout, routing/utf8, routing/not-terminated
func TestRoutingIsLaidOutAsSpecified(t *testing.T) {
	for _, v := range loadVectors(t).Routing {
		var tags [][]byte
		for _, tag := range v.Tags {
			tags = append(tags, []byte(tag))
		}
		decode := func(b []byte) []result[[]byte] { return all(ParseTags(b)) }
		if len(v.Tags) == 0 { // Route always sends one
			check(t, v.layout, decode, tags, nil, nil)
			continue
		}
		item := Route(v.Tags[0], v.Tags[1:]...)
		encoded, err := item.AppendBinary(nil)
		check(t, v.layout, decode, tags, encoded, err)
		checkItem(t, item, MIMERouting, encoded)
	}
}

// Conforms: stream-mime/mime, stream-mime/layout, stream-mime/not-terminated
func TestStreamMIMEIsLaidOutAsSpecified(t *testing.T) {
	for _, v := range loadVectors(t).StreamMIME {
		item := StreamMIME(MIME(v.MIME))
		encoded, err := item.AppendBinary(nil)
		decode := func(b []byte) []result[MIME] { return one(ParseStreamMIME(b)) }
		check(t, v.layout, decode, []MIME{MIME(v.MIME)}, encoded, err)
		checkItem(t, item, MIMEStreamMIME, encoded)
	}
}

// Conforms: accept-mime/mime, accept-mime/layout, accept-mime/not-terminated
func TestAcceptMIMEIsLaidOutAsSpecified(t *testing.T) {
	for _, v := range loadVectors(t).AcceptMIMEs {
		var mimes []MIME
		for _, mime := range v.MIMEs {
			mimes = append(mimes, MIME(mime))
		}
		item := AcceptMIME(mimes...)
		encoded, err := item.AppendBinary(nil)
		decode := func(b []byte) []result[MIME] { return all(ParseAcceptMIME(b)) }
		check(t, v.layout, decode, mimes, encoded, err)
		checkItem(t, item, MIMEAcceptMIME, encoded)
	}
}

// Conforms: auth/mime, auth/layout, auth/well-known, auth/text, auth/not-terminated, simple/layout, simple/utf8
// Conforms: simple/username-not-terminated, simple/password-not-terminated, bearer/layout, bearer/not-terminated
// Conforms: auth/known-names
func TestAuthIsLaidOutAsSpecified(t *testing.T) {
	for _, v := range loadVectors(t).Auth {
		item := v.Credentials.item()
		encoded, err := item.AppendBinary(nil)
		decode := func(b []byte) []result[Item] { return one(parseCredentials(b)) }
		check(t, v.layout, decode, []Item{item}, encoded, err)
		checkItem(t, item, MIMEAuthentication, encoded)
	}
}

// Conforms: zipkin/mime, zipkin/layout, zipkin/ids, zipkin/debug, zipkin/sampled, zipkin/not-sampled, zipkin/trace-id
// Conforms: zipkin/span-id, zipkin/parent-id
func TestZipkinIsLaidOutAsSpecified(t *testing.T) {
	for _, v := range loadVectors(t).Zipkin {
		z := v.Trace.zipkin()
		encoded, err := z.AppendBinary(nil)
		decode := func(b []byte) []result[Zipkin] { return one(ParseZipkin(b)) }
		check(t, v.layout, decode, []Zipkin{z}, encoded, err)
		checkItem(t, z, MIMETracingZipkin, encoded)
	}
}

func errs[T any](results []result[T]) (errs []error) {
	for _, r := range results {
		errs = append(errs, r.err)
	}
	return errs
}

// Conforms: composite/mime-ascii, stream-mime/ascii, accept-mime/ascii, routing/tags-ignored, routing/utf8
// Conforms: auth/ascii, simple/utf8, bearer/layout
func TestWhatIsMalformedSaysWhere(t *testing.T) {
	decoders := map[string]func([]byte) []error{
		"composite":    func(b []byte) []error { return errs(all(Composite(b).Entries())) },
		"routing":      func(b []byte) []error { return errs(all(ParseTags(b))) },
		"stream_mime":  func(b []byte) []error { return errs(one(ParseStreamMIME(b))) },
		"accept_mimes": func(b []byte) []error { return errs(all(ParseAcceptMIME(b))) },
		"auth":         func(b []byte) []error { return errs(one(parseCredentials(b))) },
		"zipkin":       func(b []byte) []error { return errs(one(ParseZipkin(b))) },
	}
	sentinels := map[string]error{"truncated": ErrTruncated, "not-ascii": ErrNotASCII, "not-utf8": ErrNotUTF8}
	for _, v := range loadVectors(t).Malformed {
		results := decoders[v.Extension](v.Layout)
		found := slices.DeleteFunc(slices.Clone(results), func(err error) bool { return err == nil })
		if len(results) != v.Good+1 || len(found) != 1 {
			t.Errorf("%s: %v", v.Name, results)
			continue
		}
		var typed *Error
		if !errors.As(found[0], &typed) || typed.Err != sentinels[v.Error] || typed.Field != v.Field {
			t.Errorf("%s: %v, want %s: %s", v.Name, found[0], v.Error, v.Field)
		}
	}
}
