package metadata

import (
	"encoding"
	"errors"
	"iter"
)

// MaxContentLen is the longest content of an entry of composite metadata in bytes: what a 24-bit length can say.
const MaxContentLen = 1<<24 - 1

const (
	fieldLength  = "metadata length"
	fieldPayload = "metadata payload"

	lenOfLength = 3
)

// An Item is metadata of one MIME type: what one entry of composite metadata holds. [Route], [StreamMIME], [AcceptMIME],
// [SimpleAuth] and [BearerAuth] return items; [Zipkin], [Auth] and [Entry] are some.
type Item interface {
	// MIMEType says how the content is encoded.
	MIMEType() MIME
	// AppendBinary appends the content, without a MIME type or a length before it.
	encoding.BinaryAppender
}

// Composite is composite metadata as it stands on the wire (Composite Metadata Extension): entries one after the other,
// each with its MIME type and its length. A MIME type may occur several times, and the order counts.
type Composite []byte

// NewComposite puts items together.
func NewComposite(items ...Item) (Composite, error) { return Composite(nil).Append(items...) }

// Append adds items after the entries that are there and returns the result, like the built-in append. If an item is
// over a limit, it returns c as it was with an *[Error].
func (c Composite) Append(items ...Item) (Composite, error) {
	out := c
	for _, item := range items {
		var err error
		if out, err = appendItem(out, item); err != nil {
			return c, err
		}
	}
	return out, nil
}

func appendItem(dst []byte, item Item) ([]byte, error) {
	dst, err := appendMIME(dst, item.MIMEType())
	if err != nil {
		return nil, err
	}
	dst = append(dst, make([]byte, lenOfLength)...)
	start := len(dst)
	if dst, err = item.AppendBinary(dst); err != nil {
		return nil, err
	}
	length := len(dst) - start
	if err := checkLen(fieldPayload, length, MaxContentLen); err != nil {
		return nil, err
	}
	putUint24(dst[start-lenOfLength:], length)
	return dst, nil
}

func putUint24(b []byte, n int) { b[0], b[1], b[2] = byte(n>>16), byte(n>>8), byte(n) }

func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// An Entry is one metadata of several.
type Entry struct {
	// MIME says how the content is encoded.
	MIME MIME
	// Content is the metadata itself, at most [MaxContentLen] bytes. From [Composite.Entries], it is part of the
	// composite metadata.
	Content []byte
}

// MIMEType returns e.MIME.
func (e Entry) MIMEType() MIME { return e.MIME }

// AppendBinary appends the content as it is. It never fails.
func (e Entry) AppendBinary(dst []byte) ([]byte, error) { return append(dst, e.Content...), nil }

// Entries goes over the entries in their order, without copying them.
//
// An entry whose MIME type is not ASCII gives [ErrNotASCII] and an Entry with the content alone; the entries after it
// follow. [ErrTruncated] ends the iteration.
func (c Composite) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for rest := []byte(c); len(rest) > 0; {
			var entry Entry
			var err error
			entry, rest, err = takeEntry(rest)
			if !yield(entry, err) {
				return
			}
		}
	}
}

// takeEntry takes an entry from the front of b. After an error that is the entry's alone, rest is what follows it.
func takeEntry(b []byte) (entry Entry, rest []byte, err error) {
	name, b, err := takeName(b, fieldMIME)
	if err != nil {
		return Entry{}, nil, err
	}
	length, b, err := take(b, lenOfLength, fieldLength)
	if err != nil {
		return Entry{}, nil, err
	}
	if entry.Content, rest, err = take(b, uint24(length), fieldPayload); err != nil {
		return Entry{}, nil, err
	}
	entry.MIME, err = name.mime()
	return entry, rest, err
}

// Find returns the content of the first entry with the MIME type mime, which is part of c. It is false if there is none.
// Entries of other MIME types are passed over, whatever is in them; an error says that the entries could not be told
// apart up to there.
func (c Composite) Find(mime MIME) (content []byte, ok bool, err error) {
	for rest := []byte(c); len(rest) > 0; {
		var entry Entry
		entry, rest, err = takeEntry(rest)
		if errors.Is(err, ErrTruncated) {
			return nil, false, err
		}
		if err == nil && entry.MIME == mime {
			return entry.Content, true, nil
		}
	}
	return nil, false, nil
}
