package metadata

import "unicode/utf8"

// MaxNameLen is the longest MIME type or authentication type in bytes, where it is sent as text.
const MaxNameLen = 128

// idBit is set in the byte before a name where that byte is the id of a well-known one. Otherwise the byte is the
// length of the text that follows, less one.
const idBit = 0x80

// A name is a MIME type or an authentication type on the wire, before anybody asked what it means.
type name struct {
	text []byte // nil where there is an id
	id   uint8
}

// takeName takes a name from the front of b.
func takeName(b []byte, field string) (name, []byte, error) {
	first, b, err := take(b, 1, field)
	if err != nil {
		return name{}, nil, err
	}
	if id := first[0]; id&idBit != 0 {
		return name{id: id &^ idBit}, b, nil
	}
	text, b, err := take(b, int(first[0])+1, field)
	return name{text: text}, b, err
}

// checkASCII says whether the text of a name is one.
func (n name) checkASCII(field string) error {
	if !isASCII(n.text) {
		return &Error{Field: field, Err: ErrNotASCII}
	}
	return nil
}

// unnamed is the string for an id that has no name: its byte on the wire, which no name can be, since names are ASCII.
func unnamed(id uint8) string { return string([]byte{id | idBit}) }

// unnamedID undoes unnamed.
func unnamedID(s string) (id uint8, ok bool) {
	if len(s) != 1 || s[0]&idBit == 0 {
		return 0, false
	}
	return s[0] &^ idBit, true
}

func appendID(dst []byte, id uint8) []byte { return append(dst, id|idBit) }

func appendText(dst []byte, text, field string) ([]byte, error) {
	if text == "" {
		return dst, &Error{Field: field, Err: ErrEmpty}
	}
	if err := checkLen(field, len(text), MaxNameLen); err != nil {
		return dst, err
	}
	if !isASCII(text) {
		return dst, &Error{Field: field, Err: ErrNotASCII}
	}
	return append(append(dst, byte(len(text)-1)), text...), nil
}

func isASCII[T string | []byte](text T) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// take takes n bytes from the front of b. Appending to them does not write to what follows.
func take(b []byte, n int, field string) (taken, rest []byte, err error) {
	if n > len(b) {
		return nil, nil, &Error{Field: field, Err: ErrTruncated}
	}
	return b[:n:n], b[n:], nil
}

func checkUTF8(b []byte, field string) error {
	if !utf8.Valid(b) {
		return &Error{Field: field, Err: ErrNotUTF8}
	}
	return nil
}

func checkUTF8String(s, field string) error {
	if !utf8.ValidString(s) {
		return &Error{Field: field, Err: ErrNotUTF8}
	}
	return nil
}
