package rsocket

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go/internal/ffi"
)

// maxQUICRecord bounds what the engine tells at once, certificates of the peer included, in bytes.
const maxQUICRecord = 16 << 20

var errQUICRecord = errors.New("a record of the engine that is none")

// quicRecord is what the engine tells of a connection or listener; see rsocket_quic_connect in rsocket.h.
type quicRecord struct {
	number uint32
	fields [][]byte
}

func readRecord(from io.Reader) (quicRecord, error) {
	var prefix [4]byte
	if _, err := io.ReadFull(from, prefix[:]); err != nil {
		return quicRecord{}, err
	}
	size := number(prefix[:])
	if size < 4 || size > maxQUICRecord {
		return quicRecord{}, errQUICRecord
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(from, body); err != nil {
		return quicRecord{}, err
	}
	record := quicRecord{number: number(body)}
	for rest := body[4:]; len(rest) > 0; {
		if len(rest) < 4 || uint64(len(rest)-4) < uint64(number(rest)) {
			return quicRecord{}, errQUICRecord
		}
		end := 4 + int(number(rest))
		record.fields = append(record.fields, rest[4:end])
		rest = rest[end:]
	}
	return record, nil
}

// number reads four bytes; 0 where there are not as many.
func number(bytes []byte) uint32 {
	if len(bytes) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(bytes)
}

func appendField(bytes, field []byte) []byte {
	bytes = binary.BigEndian.AppendUint32(bytes, uint32(len(field)))
	return append(bytes, field...)
}

// field is one of the fields; nil where there are not as many.
func (r quicRecord) field(i int) []byte {
	if i >= len(r.fields) {
		return nil
	}
	return r.fields[i]
}

// failure is what a first record says went wrong.
func (r quicRecord) failure() error {
	if result := ffi.Result(r.number); result != ffi.ResultOK {
		return quicError(result, string(r.field(0)))
	}
	return nil
}
