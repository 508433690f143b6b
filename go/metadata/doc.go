// Package metadata reads and writes the metadata extensions of RSocket:
//
//   - [Composite]: several metadata of different MIME types in one (Composite Metadata Extension)
//   - [Route]: where a request should go (Routing Metadata Extension)
//   - [StreamMIME], [AcceptMIME]: how the data of one request and of its answers is encoded (Stream Data MIME Types
//     Metadata Extension)
//   - [SimpleAuth], [BearerAuth]: who asks (Authentication Extension)
//   - [Zipkin]: the trace that a request belongs to (Tracing (Zipkin) Metadata Extension)
//
// A connection does not look into metadata. Which of these it carries is agreed on when it is made, by the MIME type of
// metadata in the setup: usually [MIMEComposite]; where it is that of one of the others, the content of that one is the
// whole metadata.
//
// # Writing
//
// Everything that can stand in composite metadata is an [Item]. [NewComposite] puts items together; AppendBinary of an
// item gives its content alone.
//
//	routed, err := metadata.NewComposite(metadata.Route("person.get"), metadata.BearerAuth(token))
//	if err != nil {
//		return err
//	}
//	request := rsocket.NewPayloadFromBytes(data, routed)
//
// # Reading
//
// [Composite.Entries] goes over the entries, and the Parse functions read their contents. What they give out is part of
// the slice that they were given and is not copied, except for MIME types without an id, which become strings. So it is
// valid as long as nobody writes to that slice. No input makes them panic.
//
// # Errors
//
// Every error is an *[Error] that names the field. Test what was wrong with [errors.Is] and [ErrTruncated],
// [ErrTooLong], [ErrEmpty], [ErrNotASCII], [ErrNotUTF8], [ErrAuthType] or [ErrZipkinFields].
//
// # Lengths of names
//
// The extensions are at version 0 of their documents, which leave one thing open: in the seven bits before a MIME type
// or an authentication type stands its length less one. Only so do the 128 bytes fit that the documents allow, and so
// the implementations in other languages write and read it.
package metadata
