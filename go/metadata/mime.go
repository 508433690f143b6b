package metadata

import "fmt"

const fieldMIME = "MIME type"

// MIME is a MIME type, such as "application/json": ASCII, 1 to [MaxNameLen] bytes. One that has an id is sent as a
// single byte; the constants of this package are all of those. Upper and lower case differ.
//
// A peer may send an id that has no name yet. Such an id is a MIME of its own, which [MIME.ID] takes apart; it is kept
// as it is when it is sent again.
type MIME string

// The MIME types that have an id ("Well-known MIME Types"), each with the id. Text is UTF-8 in all of them.
const (
	MIMEApplicationAvro            = "application/avro"                        // 0x00
	MIMEApplicationCBOR            = "application/cbor"                        // 0x01
	MIMEApplicationGraphQL         = "application/graphql"                     // 0x02
	MIMEApplicationGzip            = "application/gzip"                        // 0x03
	MIMEApplicationJavaScript      = "application/javascript"                  // 0x04
	MIMEApplicationJSON            = "application/json"                        // 0x05
	MIMEApplicationOctetStream     = "application/octet-stream"                // 0x06
	MIMEApplicationPDF             = "application/pdf"                         // 0x07
	MIMEApplicationThrift          = "application/vnd.apache.thrift.binary"    // 0x08
	MIMEApplicationProtobuf        = "application/vnd.google.protobuf"         // 0x09
	MIMEApplicationXML             = "application/xml"                         // 0x0A
	MIMEApplicationZip             = "application/zip"                         // 0x0B
	MIMEAudioAAC                   = "audio/aac"                               // 0x0C
	MIMEAudioMP3                   = "audio/mp3"                               // 0x0D
	MIMEAudioMP4                   = "audio/mp4"                               // 0x0E
	MIMEAudioMPEG3                 = "audio/mpeg3"                             // 0x0F
	MIMEAudioMPEG                  = "audio/mpeg"                              // 0x10
	MIMEAudioOgg                   = "audio/ogg"                               // 0x11
	MIMEAudioOpus                  = "audio/opus"                              // 0x12
	MIMEAudioVorbis                = "audio/vorbis"                            // 0x13
	MIMEImageBMP                   = "image/bmp"                               // 0x14
	MIMEImageGIF                   = "image/gif"                               // 0x15
	MIMEImageHEICSequence          = "image/heic-sequence"                     // 0x16
	MIMEImageHEIC                  = "image/heic"                              // 0x17
	MIMEImageHEIFSequence          = "image/heif-sequence"                     // 0x18
	MIMEImageHEIF                  = "image/heif"                              // 0x19
	MIMEImageJPEG                  = "image/jpeg"                              // 0x1A
	MIMEImagePNG                   = "image/png"                               // 0x1B
	MIMEImageTIFF                  = "image/tiff"                              // 0x1C
	MIMEMultipartMixed             = "multipart/mixed"                         // 0x1D
	MIMETextCSS                    = "text/css"                                // 0x1E
	MIMETextCSV                    = "text/csv"                                // 0x1F
	MIMETextHTML                   = "text/html"                               // 0x20
	MIMETextPlain                  = "text/plain"                              // 0x21
	MIMETextXML                    = "text/xml"                                // 0x22
	MIMEVideoH264                  = "video/H264"                              // 0x23
	MIMEVideoH265                  = "video/H265"                              // 0x24
	MIMEVideoVP8                   = "video/VP8"                               // 0x25
	MIMEApplicationHessian         = "application/x-hessian"                   // 0x26
	MIMEApplicationJavaObject      = "application/x-java-object"               // 0x27
	MIMEApplicationCloudEventsJSON = "application/cloudevents+json"            // 0x28
	MIMEApplicationCapnp           = "application/x-capnp"                     // 0x29
	MIMEApplicationFlatBuffers     = "application/x-flatbuffers"               // 0x2A
	MIMEStreamMIME                 = "message/x.rsocket.mime-type.v0"          // 0x7A
	MIMEAcceptMIME                 = "message/x.rsocket.accept-mime-types.v0"  // 0x7B
	MIMEAuthentication             = "message/x.rsocket.authentication.v0"     // 0x7C
	MIMETracingZipkin              = "message/x.rsocket.tracing-zipkin.v0"     // 0x7D
	MIMERouting                    = "message/x.rsocket.routing.v0"            // 0x7E
	MIMEComposite                  = "message/x.rsocket.composite-metadata.v0" // 0x7F
)

// wellKnown has the names by their ids.
var wellKnown = [128]MIME{
	0x00: MIMEApplicationAvro,
	0x01: MIMEApplicationCBOR,
	0x02: MIMEApplicationGraphQL,
	0x03: MIMEApplicationGzip,
	0x04: MIMEApplicationJavaScript,
	0x05: MIMEApplicationJSON,
	0x06: MIMEApplicationOctetStream,
	0x07: MIMEApplicationPDF,
	0x08: MIMEApplicationThrift,
	0x09: MIMEApplicationProtobuf,
	0x0A: MIMEApplicationXML,
	0x0B: MIMEApplicationZip,
	0x0C: MIMEAudioAAC,
	0x0D: MIMEAudioMP3,
	0x0E: MIMEAudioMP4,
	0x0F: MIMEAudioMPEG3,
	0x10: MIMEAudioMPEG,
	0x11: MIMEAudioOgg,
	0x12: MIMEAudioOpus,
	0x13: MIMEAudioVorbis,
	0x14: MIMEImageBMP,
	0x15: MIMEImageGIF,
	0x16: MIMEImageHEICSequence,
	0x17: MIMEImageHEIC,
	0x18: MIMEImageHEIFSequence,
	0x19: MIMEImageHEIF,
	0x1A: MIMEImageJPEG,
	0x1B: MIMEImagePNG,
	0x1C: MIMEImageTIFF,
	0x1D: MIMEMultipartMixed,
	0x1E: MIMETextCSS,
	0x1F: MIMETextCSV,
	0x20: MIMETextHTML,
	0x21: MIMETextPlain,
	0x22: MIMETextXML,
	0x23: MIMEVideoH264,
	0x24: MIMEVideoH265,
	0x25: MIMEVideoVP8,
	0x26: MIMEApplicationHessian,
	0x27: MIMEApplicationJavaObject,
	0x28: MIMEApplicationCloudEventsJSON,
	0x29: MIMEApplicationCapnp,
	0x2A: MIMEApplicationFlatBuffers,
	0x7A: MIMEStreamMIME,
	0x7B: MIMEAcceptMIME,
	0x7C: MIMEAuthentication,
	0x7D: MIMETracingZipkin,
	0x7E: MIMERouting,
	0x7F: MIMEComposite,
}

var wellKnownIDs = func() map[MIME]uint8 {
	ids := make(map[MIME]uint8)
	for id, mime := range wellKnown {
		if mime != "" {
			ids[mime] = uint8(id)
		}
	}
	return ids
}()

// MIMEByID returns the MIME type with an id from 0 to 127, whether it has a name or not. The top bit of id is ignored.
func MIMEByID(id uint8) MIME {
	if mime := wellKnown[id&^idBit]; mime != "" {
		return mime
	}
	return MIME(unnamed(id))
}

// ID returns the id, 0 to 127. It is false for a MIME type that is sent as text.
func (m MIME) ID() (id uint8, ok bool) {
	if id, ok := wellKnownIDs[m]; ok {
		return id, true
	}
	return unnamedID(string(m))
}

// String returns the name, or the id as a hexadecimal number if it has none.
func (m MIME) String() string { return nameOrID(string(m)) }

func nameOrID(s string) string {
	if id, ok := unnamedID(s); ok {
		return fmt.Sprintf("0x%02x", id)
	}
	return s
}

func appendMIME(dst []byte, mime MIME) ([]byte, error) {
	if id, ok := mime.ID(); ok {
		return appendID(dst, id), nil
	}
	return appendText(dst, string(mime), fieldMIME)
}

// mime says which MIME type a name is.
func (n name) mime() (MIME, error) {
	if n.text == nil {
		return MIMEByID(n.id), nil
	}
	if err := n.checkASCII(fieldMIME); err != nil {
		return "", err
	}
	if id, ok := wellKnownIDs[MIME(n.text)]; ok { // a name as text: the constant, without copying it
		return wellKnown[id], nil
	}
	return MIME(n.text), nil
}
