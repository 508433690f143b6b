package metadata

import (
	"errors"
	"fmt"
)

// What [errors.Is] can ask of any error that this package returns.
var (
	// ErrTruncated: the metadata ends before or within a field.
	ErrTruncated = errors.New("metadata: truncated")
	// ErrTooLong: a field is longer than its length can say. Nothing was written.
	ErrTooLong = errors.New("metadata: too long")
	// ErrEmpty: a MIME type or authentication type is the empty string. Nothing was written.
	ErrEmpty = errors.New("metadata: empty")
	// ErrNotASCII: a MIME type or authentication type is not ASCII.
	ErrNotASCII = errors.New("metadata: not ASCII")
	// ErrNotUTF8: a tag, username, password or token is not UTF-8.
	ErrNotUTF8 = errors.New("metadata: not UTF-8")
	// ErrAuthType: the credentials are of another type than the one asked for.
	ErrAuthType = errors.New("metadata: another authentication type")
	// ErrZipkinFields: fields of a [Zipkin] contradict each other. Nothing was written.
	ErrZipkinFields = errors.New("metadata: contradiction")
)

// Error says which field is wrong.
type Error struct {
	// Field is the field, by the name it has in the extension's document.
	Field string
	// Err is what is wrong: one of the errors that this package declares.
	Err error
	// Len and Max are the length of the field and the longest that it may be, in bytes, where Err is [ErrTooLong].
	Len, Max int
}

// Error says what is wrong with which field.
func (e *Error) Error() string {
	if e.Max > 0 {
		return fmt.Sprintf("%v: %s of %d bytes, at most %d fit", e.Err, e.Field, e.Len, e.Max)
	}
	return fmt.Sprintf("%v: %s", e.Err, e.Field)
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

func checkLen(field string, length, most int) error {
	if length > most {
		return &Error{Field: field, Err: ErrTooLong, Len: length, Max: most}
	}
	return nil
}
