package metadata

import "iter"

// StreamMIME says how the data of one stream is encoded, in place of what the setup says (Stream Data MIME Types
// Metadata Extension).
func StreamMIME(mime MIME) Item { return streamMIME{mime} }

type streamMIME struct{ mime MIME }

func (streamMIME) MIMEType() MIME { return MIMEStreamMIME }

func (s streamMIME) AppendBinary(dst []byte) ([]byte, error) { return appendMIME(dst, s.mime) }

// ParseStreamMIME reads the content of metadata of the type [MIMEStreamMIME]. Bytes after the MIME type have no meaning
// and are dropped.
func ParseStreamMIME(content []byte) (MIME, error) {
	name, _, err := takeName(content, fieldMIME)
	if err != nil {
		return "", err
	}
	return name.mime()
}

// AcceptMIME says in which MIME types the requester takes the data of answers (Stream Data MIME Types Metadata
// Extension). A responder's are not to be heeded.
func AcceptMIME(mimes ...MIME) Item { return acceptMIME(mimes) }

type acceptMIME []MIME

func (acceptMIME) MIMEType() MIME { return MIMEAcceptMIME }

func (a acceptMIME) AppendBinary(dst []byte) ([]byte, error) {
	out := dst
	for _, mime := range a {
		var err error
		if out, err = appendMIME(out, mime); err != nil {
			return dst, err
		}
	}
	return out, nil
}

// ParseAcceptMIME goes over the MIME types in the content of metadata of the type [MIMEAcceptMIME], in their order.
//
// One that is not ASCII gives [ErrNotASCII], and those after it follow. [ErrTruncated] ends the iteration.
func ParseAcceptMIME(content []byte) iter.Seq2[MIME, error] {
	return func(yield func(MIME, error) bool) {
		for rest := content; len(rest) > 0; {
			var mime MIME
			var err error
			mime, rest, err = takeMIME(rest)
			if !yield(mime, err) {
				return
			}
		}
	}
}

func takeMIME(b []byte) (MIME, []byte, error) {
	name, rest, err := takeName(b, fieldMIME)
	if err != nil {
		return "", nil, err
	}
	mime, err := name.mime()
	return mime, rest, err
}
