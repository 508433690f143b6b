package rsocket_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/metadata"
)

// Bytes by hand, from the diagrams of the extensions' documents.
const (
	routingID   = "\xfe" // 0x7E and the bit that says that it is an id
	authID      = "\xfc" // 0x7C
	compositeID = "\xff" // 0x7F
	bearerID    = "\x81" // 0x01
	simpleID    = "\x80" // 0x00
)

func TestRequestsHaveTheMetadataOfTheExtensions(t *testing.T) {
	route256 := strings.Repeat("r", 255)
	cases := map[string]struct {
		opts []rsocket.MetadataOption
		want string
	}{
		"route": {
			[]rsocket.MetadataOption{rsocket.WithRoute("orders.find")},
			routingID + "\x00\x00\x0c" + "\x0borders.find",
		},
		"route and tags": {
			[]rsocket.MetadataOption{rsocket.WithRoute("a", "eu", "")},
			routingID + "\x00\x00\x06" + "\x01a" + "\x02eu" + "\x00",
		},
		"empty route": {
			[]rsocket.MetadataOption{rsocket.WithRoute("")},
			routingID + "\x00\x00\x01" + "\x00",
		},
		"longest route": {
			[]rsocket.MetadataOption{rsocket.WithRoute(route256)},
			routingID + "\x00\x01\x00" + "\xff" + route256,
		},
		"route in other letters": {
			[]rsocket.MetadataOption{rsocket.WithRoute("é")},
			routingID + "\x00\x00\x03" + "\x02\xc3\xa9",
		},
		"bearer token": {
			[]rsocket.MetadataOption{rsocket.WithBearerToken("tok")},
			authID + "\x00\x00\x04" + bearerID + "tok",
		},
		"name and password": {
			[]rsocket.MetadataOption{rsocket.WithSimpleAuth("ada", "pw")},
			authID + "\x00\x00\x08" + simpleID + "\x00\x03ada" + "pw",
		},
		"well-known MIME type": {
			[]rsocket.MetadataOption{rsocket.WithMetadataEntry("application/json", []byte("{}"))},
			"\x85" + "\x00\x00\x02" + "{}",
		},
		"other MIME type": {
			[]rsocket.MetadataOption{rsocket.WithMetadataEntry("application/x.tenant", []byte("acme"))},
			"\x13application/x.tenant" + "\x00\x00\x04" + "acme",
		},
		"empty content": {
			[]rsocket.MetadataOption{rsocket.WithMetadataEntry("x/y", nil)},
			"\x02x/y" + "\x00\x00\x00",
		},
		"an item": {
			[]rsocket.MetadataOption{rsocket.WithMetadataItem(metadata.Zipkin{Sampling: metadata.SamplingOff})},
			"\xfd" + "\x00\x00\x01" + "\x10",
		},
		"several, in their order": {
			[]rsocket.MetadataOption{
				rsocket.WithBearerToken("t"),
				rsocket.WithRoute("a.b"),
				rsocket.WithMetadataEntry(string(metadata.MIMEComposite), nil),
			},
			authID + "\x00\x00\x02" + bearerID + "t" + routingID + "\x00\x00\x04" + "\x03a.b" + compositeID + "\x00\x00\x00",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			data := []byte("data")
			request, err := rsocket.NewRequest(data, test.opts...)
			if err != nil {
				t.Fatal(err)
			}
			clear(data) // The payload has its own copy.
			assertSamePayload(t, request, rsocket.NewPayload("data", test.want))
		})
	}
}

func TestARequestWithoutOptionsHasNoMetadata(t *testing.T) {
	request, err := rsocket.NewRequest([]byte("x"))
	if err != nil || request.HasMetadata() || request.GetDataAsString() != "x" {
		t.Errorf("got %q with metadata %t, %v", request.GetDataAsString(), request.HasMetadata(), err)
	}
}

func TestMetadataThatCannotBeIsRefused(t *testing.T) {
	cases := map[string]struct {
		opt  rsocket.MetadataOption
		want error
	}{
		"long route":            {rsocket.WithRoute(strings.Repeat("r", 256)), metadata.ErrTooLong},
		"long tag":              {rsocket.WithRoute("r", strings.Repeat("t", 256)), metadata.ErrTooLong},
		"route that is no text": {rsocket.WithRoute("\xff"), metadata.ErrNotUTF8},
		"token that is no text": {rsocket.WithBearerToken("\xff"), metadata.ErrNotUTF8},
		"long name":             {rsocket.WithSimpleAuth(strings.Repeat("n", 1<<16), ""), metadata.ErrTooLong},
		"no MIME type":          {rsocket.WithMetadataEntry("", nil), metadata.ErrEmpty},
		"long MIME type":        {rsocket.WithMetadataEntry(strings.Repeat("m", 129), nil), metadata.ErrTooLong},
		"MIME type not ASCII":   {rsocket.WithMetadataEntry("text/é", nil), metadata.ErrNotASCII},
		"long content":          {rsocket.WithMetadataEntry("x/y", make([]byte, 1<<24)), metadata.ErrTooLong},
		"no item":               {rsocket.WithMetadataItem(nil), nil},
		"no option":             {nil, nil},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			request, err := rsocket.NewRequest(nil, rsocket.WithRoute("fine"), test.opt)
			if request != nil || !errors.Is(err, rsocket.ErrInvalidArgument) {
				t.Fatalf("got %v", err)
			}
			var field *metadata.Error
			if test.want != nil && (!errors.Is(err, test.want) || !errors.As(err, &field)) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// What Spring's servers expect: composite metadata in the setup, and the route in the request.
func TestARoutedRequestOnTheWire(t *testing.T) {
	client, server := rawServer(t, rsocket.WithCompositeMetadata(), rsocket.WithDataMIME("application/json"))
	const composite, json = "message/x.rsocket.composite-metadata.v0", "application/json"
	wantSetup := "\x00\x00\x00\x00" + "\x04\x00" + "\x00\x01\x00\x00" + "\x00\x00\x4e\x20" + "\x00\x01\x5f\x90" +
		string(rune(len(composite))) + composite + string(rune(len(json))) + json
	if setup := server.frame(); string(setup) != wantSetup {
		t.Errorf("SETUP: got %q, want %q", setup, wantSetup)
	}
	request, err := rsocket.NewRequest([]byte(`{"id":7}`), rsocket.WithRoute("orders.find"))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.FireAndForget(testContext(t), request); err != nil {
		t.Fatal(err)
	}
	want := "\x00\x00\x00\x01" + "\x15\x00" + // REQUEST_FNF with metadata, on stream 1
		"\x00\x00\x10" + "\xfe\x00\x00\x0c\x0borders.find" + `{"id":7}`
	if frame := server.frame(); string(frame) != want {
		t.Errorf("REQUEST_FNF: got %q, want %q", frame, want)
	}
}

func TestRouteOf(t *testing.T) {
	other := "\x02x/y\x00\x00\x02zz"
	for name, test := range map[string]struct{ metadata, want string }{
		"alone":                    {routingID + "\x00\x00\x04\x03a.b", "a.b"},
		"with tags":                {routingID + "\x00\x00\x06\x03a.b\x01t", "a.b"},
		"after something else":     {other + routingID + "\x00\x00\x02\x01r", "r"},
		"the first of two":         {routingID + "\x00\x00\x02\x01r" + routingID + "\x00\x00\x02\x01s", "r"},
		"empty":                    {routingID + "\x00\x00\x01\x00", ""},
		"with its name as text":    {"\x1bmessage/x.rsocket.routing.v0\x00\x00\x02\x01r", "r"},
		"before something damaged": {routingID + "\x00\x00\x02\x01r" + "\xfe", "r"},
		"after a MIME type that is none": {
			"\x00\xe9\x00\x00\x00" + routingID + "\x00\x00\x02\x01r", "r",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rsocket.RouteOf(rsocket.NewPayload("data", test.metadata))
			if got != test.want || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestRouteOfSaysWhatIsWrong(t *testing.T) {
	cases := map[string]struct {
		payload *rsocket.Payload
		kind    error
		cause   error
	}{
		"no payload":                 {nil, rsocket.ErrNoRoute, nil},
		"no metadata":                {rsocket.NewPayload("data", ""), rsocket.ErrNoRoute, nil},
		"empty metadata":             {rsocket.NewPayloadFromBytes(nil, []byte{}), rsocket.ErrNoRoute, nil},
		"other metadata":             {rsocket.NewPayload("", "\x02x/y\x00\x00\x02zz"), rsocket.ErrNoRoute, nil},
		"no tags":                    {rsocket.NewPayload("", routingID+"\x00\x00\x00"), rsocket.ErrNoRoute, nil},
		"cut before the length":      {rsocket.NewPayload("", routingID+"\x00\x00"), rsocket.ErrMalformedMetadata, metadata.ErrTruncated},
		"cut in the content":         {rsocket.NewPayload("", routingID+"\x00\x00\x05\x03a.b"), rsocket.ErrMalformedMetadata, metadata.ErrTruncated},
		"a tag beyond the content":   {rsocket.NewPayload("", routingID+"\x00\x00\x02\x03a"), rsocket.ErrMalformedMetadata, metadata.ErrTruncated},
		"a route that is no text":    {rsocket.NewPayload("", routingID+"\x00\x00\x02\x01\xff"), rsocket.ErrMalformedMetadata, metadata.ErrNotUTF8},
		"text instead of composites": {rsocket.NewPayload("", "just text"), rsocket.ErrMalformedMetadata, metadata.ErrTruncated},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := rsocket.RouteOf(test.payload)
			var known *rsocket.Error
			if !errors.Is(err, test.kind) || !errors.As(err, &known) || known.Code != rsocket.CodeInvalid || known.RetrySafe() {
				t.Fatalf("got %v", err)
			}
			var field *metadata.Error
			if test.cause != nil && (!errors.Is(err, test.cause) || !errors.As(err, &field) || strings.Count(err.Error(), field.Error()) != 1) {
				t.Errorf("got %v, want %v", err, test.cause)
			}
		})
	}
}

// A handler returns RouteOf's errors as they are, and the client learns what is wrong.
func TestRoutesFromClientToServer(t *testing.T) {
	handler := rsocket.Handler{
		RequestResponse: func(_ context.Context, request *rsocket.Payload) (*rsocket.Payload, error) {
			route, err := rsocket.RouteOf(request)
			if err != nil {
				return nil, err
			}
			return rsocket.NewPayload(route, ""), nil
		},
	}
	conn := connectTCP(t, handler, rsocket.WithCompositeMetadata())
	routed, err := rsocket.NewRequest(nil, rsocket.WithBearerToken("t"), rsocket.WithRoute("orders.find"))
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := conn.RequestResponse(testContext(t), routed); err != nil || answer.GetDataAsString() != "orders.find" {
		t.Errorf("got %q, %v", answer.GetDataAsString(), err)
	}
	for _, request := range []*rsocket.Payload{rsocket.NewPayload("x", ""), rsocket.NewPayload("x", "just text")} {
		_, err := conn.RequestResponse(testContext(t), request)
		var known *rsocket.Error
		if !errors.Is(err, rsocket.ErrInvalid) || !errors.As(err, &known) || known.Message == "" || known.Origin != rsocket.OriginPeer {
			t.Errorf("got %v", err)
		}
	}
}
