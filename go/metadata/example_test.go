package metadata_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/metadata"
)

// A requester says where its request goes, who it is and how it encodes the data; a responder reads it.
func Example() {
	request, err := metadata.NewComposite(
		metadata.Route("person.get", "eu-west"),
		metadata.BearerAuth("a token"),
		metadata.StreamMIME(metadata.MIMEApplicationCBOR),
		metadata.Entry{MIME: "application/x.tenant", Content: []byte("acme")},
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	for entry, err := range request.Entries() {
		if err != nil {
			fmt.Println(err)
			return
		}
		switch entry.MIME {
		case metadata.MIMERouting:
			for tag, err := range metadata.ParseTags(entry.Content) {
				fmt.Println("tag", string(tag), err)
			}
		case metadata.MIMEAuthentication:
			auth, err := metadata.ParseAuth(entry.Content)
			fmt.Println(auth, err)
		case "application/x.tenant":
			fmt.Printf("tenant %s\n", entry.Content)
		default:
			fmt.Println("passed over:", entry.MIME)
		}
	}
	// Output:
	// tag person.get <nil>
	// tag eu-west <nil>
	// bearer credentials <nil>
	// passed over: message/x.rsocket.mime-type.v0
	// tenant acme
}

func ExampleComposite_Append() {
	var composite metadata.Composite
	composite, err := composite.Append(metadata.Route("a.b"))
	fmt.Printf("% x %v\n", composite, err)

	// What does not fit is an error, and what was there stays.
	composite, err = composite.Append(metadata.Route(strings.Repeat("x", 256)))
	fmt.Printf("% x %v\n", composite, err)
	fmt.Println(errors.Is(err, metadata.ErrTooLong))
	// Output:
	// fe 00 00 04 03 61 2e 62 <nil>
	// fe 00 00 04 03 61 2e 62 metadata: too long: tag of 256 bytes, at most 255 fit
	// true
}

func ExampleComposite_Find() {
	composite, err := metadata.NewComposite(metadata.Zipkin{Sampling: metadata.SamplingOff}, metadata.Route("a.b"))
	if err != nil {
		fmt.Println(err)
		return
	}
	content, ok, err := composite.Find(metadata.MIMERouting)
	fmt.Printf("% x %v %v\n", content, ok, err)
	// Output: 03 61 2e 62 true <nil>
}

// On a connection whose metadata MIME type is [metadata.MIMERouting], the tags are the whole metadata.
func ExampleRoute() {
	content, err := metadata.Route("a.b").AppendBinary(nil)
	fmt.Printf("% x %v\n", content, err)
	// Output: 03 61 2e 62 <nil>
}

func ExampleSimpleAuth() {
	content, err := metadata.SimpleAuth("ada", "pw").AppendBinary(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	auth, err := metadata.ParseAuth(content)
	if err != nil {
		fmt.Println(err)
		return
	}
	username, password, err := auth.Simple()
	fmt.Println(string(username), string(password), err)
	// Output: ada pw <nil>
}

func ExampleBearerAuth() {
	content, err := metadata.BearerAuth("a token").AppendBinary(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	auth, err := metadata.ParseAuth(content)
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := auth.Bearer()
	fmt.Println(string(token), err)
	// Output: a token <nil>
}

func ExampleStreamMIME() {
	content, err := metadata.StreamMIME("application/json").AppendBinary(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mime, err := metadata.ParseStreamMIME(content)
	fmt.Printf("% x: %s %v\n", content, mime, err)
	// Output: 85: application/json <nil>
}

func ExampleAcceptMIME() {
	content, err := metadata.AcceptMIME(metadata.MIMEApplicationJSON, "a/b").AppendBinary(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for mime, err := range metadata.ParseAcceptMIME(content) {
		fmt.Println(mime, err)
	}
	// Output:
	// application/json <nil>
	// a/b <nil>
}

func ExampleZipkin() {
	content, err := metadata.Zipkin{
		Sampling: metadata.SamplingOn,
		HasIDs:   true,
		TraceID:  0x0102030405060708,
		SpanID:   0x1112131415161718,
	}.AppendBinary(nil)
	fmt.Printf("% x %v\n", content, err)

	// A health check is not to be recorded.
	content, err = metadata.Zipkin{Sampling: metadata.SamplingOff}.AppendBinary(nil)
	fmt.Printf("% x %v\n", content, err)
	// Output:
	// a0 01 02 03 04 05 06 07 08 11 12 13 14 15 16 17 18 <nil>
	// 10 <nil>
}
