package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// minSize is what the index of an item takes, and what a request of a stream takes.
const minSize = 8

var errDiffers = errors.New("the answer differs from the request")

// Pattern returns n bytes that depend on the seed, with the seed in the first ones.
func Pattern(seed uint64, n int) []byte {
	data := make([]byte, n)
	PutPattern(data, seed)
	return data
}

// PutPattern writes Pattern over data.
func PutPattern(data []byte, seed uint64) {
	state := seed
	for i := range data {
		state = state*6364136223846793005 + 1442695040888963407
		data[i] = byte(state >> 56)
	}
	PutIndex(data, seed)
}

// PutIndex makes data the item with this index: the index is in its first bytes, whatever the others are.
func PutIndex(data []byte, index uint64) { binary.BigEndian.PutUint64(data, index) }

// sameAnswer compares an answer with its request, in length alone unless all of it is to be checked.
func sameAnswer(request, answer []byte, all bool) error {
	if len(answer) != len(request) || all && !bytes.Equal(answer, request) {
		return errDiffers
	}
	return nil
}

// StreamRequest is the data of a request-stream that asks for so many items of so many bytes.
func StreamRequest(items, size int) []byte {
	data := binary.BigEndian.AppendUint32(nil, uint32(items))
	return binary.BigEndian.AppendUint32(data, uint32(size))
}

// ParseStream reads a StreamRequest. The items have their index in their first eight bytes.
func ParseStream(data []byte) (items, size int, err error) {
	if len(data) != 8 {
		return 0, 0, fmt.Errorf("a request for a stream has 8 bytes, not %d", len(data))
	}
	items, size = int(binary.BigEndian.Uint32(data)), int(binary.BigEndian.Uint32(data[4:]))
	if size < minSize {
		return 0, 0, fmt.Errorf("items have at least %d bytes, not %d", minSize, size)
	}
	return items, size, nil
}

// itemCheck holds the items of a stream to their order and size.
type itemCheck struct {
	size  int
	count uint64
	err   error
}

func (c *itemCheck) each(item []byte) {
	if c.err == nil && (len(item) != c.size || binary.BigEndian.Uint64(item) != c.count) {
		c.err = fmt.Errorf("item %d is not the one that belongs there", c.count)
	}
	c.count++
}

// end says what came of a stream that should have had so many items.
func (c *itemCheck) end(items int, err error) error {
	switch {
	case err != nil:
		return err
	case c.err != nil:
		return c.err
	case c.count != uint64(items):
		return fmt.Errorf("%d items came, of %d", c.count, items)
	}
	return nil
}
