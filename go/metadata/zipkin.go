package metadata

import "encoding/binary"

const (
	fieldFlags    = "flags"
	fieldTraceID  = "trace ID"
	fieldSpanID   = "span ID"
	fieldParentID = "parent span ID"
)

// The flags, in the first byte. The lowest two bits are not defined.
const (
	flagIDs         = 0x80
	flagDebug       = 0x40
	flagSampled     = 0x20
	flagNotSampled  = 0x10
	flagLongTraceID = 0x08
	flagParent      = 0x04
)

// Sampling says whether a trace is recorded.
type Sampling uint8

// What can be said about sampling. Where a peer says several, the last one of them counts.
const (
	// SamplingUndecided: the receiver decides.
	SamplingUndecided Sampling = iota
	// SamplingOff: it is not.
	SamplingOff
	// SamplingOn: it is.
	SamplingOn
	// SamplingDebug: it is, whatever the sampling policy.
	SamplingDebug
)

var samplingFlags = [...]byte{
	SamplingUndecided: 0,
	SamplingOff:       flagNotSampled,
	SamplingOn:        flagSampled,
	SamplingDebug:     flagDebug,
}

// Zipkin is what Zipkin needs to know of the requester (Tracing (Zipkin) Metadata Extension): at most 33 bytes.
type Zipkin struct {
	// Sampling says whether the trace is recorded.
	Sampling Sampling
	// HasIDs says that there are ids. Without it only Sampling is sent, and all other fields must be zero.
	HasIDs bool
	// LongTraceID says that the id of the trace has 128 bits. Without it TraceIDHigh must be zero.
	LongTraceID bool
	// HasParent says that the span is a part of another. Without it ParentID must be zero.
	HasParent bool
	// TraceIDHigh and TraceID are the upper and lower 64 bits of the id that all spans of the trace share.
	TraceIDHigh, TraceID uint64
	// SpanID is the id of this span.
	SpanID uint64
	// ParentID is the id of the span that this one is a part of.
	ParentID uint64
}

// MIMEType returns [MIMETracingZipkin].
func (Zipkin) MIMEType() MIME { return MIMETracingZipkin }

// AppendBinary appends the flags and the ids that they announce. [ErrZipkinFields] says that a field is set which they
// leave out.
func (z Zipkin) AppendBinary(dst []byte) ([]byte, error) {
	if err := z.check(); err != nil {
		return dst, err
	}
	dst = append(dst, z.flags())
	if !z.HasIDs {
		return dst, nil
	}
	if z.LongTraceID {
		dst = binary.BigEndian.AppendUint64(dst, z.TraceIDHigh)
	}
	dst = binary.BigEndian.AppendUint64(dst, z.TraceID)
	dst = binary.BigEndian.AppendUint64(dst, z.SpanID)
	if z.HasParent {
		dst = binary.BigEndian.AppendUint64(dst, z.ParentID)
	}
	return dst, nil
}

func (z Zipkin) check() error {
	switch {
	case z.Sampling > SamplingDebug:
		return &Error{Field: fieldFlags, Err: ErrZipkinFields}
	case !z.LongTraceID && z.TraceIDHigh != 0, !z.HasIDs && (z.LongTraceID || z.TraceID != 0):
		return &Error{Field: fieldTraceID, Err: ErrZipkinFields}
	case !z.HasIDs && z.SpanID != 0:
		return &Error{Field: fieldSpanID, Err: ErrZipkinFields}
	case !z.HasParent && z.ParentID != 0, !z.HasIDs && z.HasParent:
		return &Error{Field: fieldParentID, Err: ErrZipkinFields}
	}
	return nil
}

func (z Zipkin) flags() byte {
	flags := samplingFlags[z.Sampling]
	if z.HasIDs {
		flags |= flagIDs
	}
	if z.LongTraceID {
		flags |= flagLongTraceID
	}
	if z.HasParent {
		flags |= flagParent
	}
	return flags
}

// ParseZipkin reads the content of tracing metadata. Bits and bytes that the extension does not define are dropped, and
// so are the sizes of ids where there are no ids.
func ParseZipkin(content []byte) (Zipkin, error) {
	if len(content) == 0 {
		return Zipkin{}, &Error{Field: fieldFlags, Err: ErrTruncated}
	}
	flags, rest := content[0], content[1:]
	z := Zipkin{Sampling: samplingOf(flags)}
	if flags&flagIDs == 0 {
		return z, nil
	}
	z.HasIDs, z.LongTraceID, z.HasParent = true, flags&flagLongTraceID != 0, flags&flagParent != 0
	if err := z.parseIDs(rest); err != nil {
		return Zipkin{}, err
	}
	return z, nil
}

func samplingOf(flags byte) Sampling {
	switch {
	case flags&flagDebug != 0:
		return SamplingDebug
	case flags&flagSampled != 0:
		return SamplingOn
	case flags&flagNotSampled != 0:
		return SamplingOff
	}
	return SamplingUndecided
}

func (z *Zipkin) parseIDs(rest []byte) (err error) {
	if z.LongTraceID {
		if z.TraceIDHigh, rest, err = takeUint64(rest, fieldTraceID); err != nil {
			return err
		}
	}
	if z.TraceID, rest, err = takeUint64(rest, fieldTraceID); err != nil {
		return err
	}
	if z.SpanID, rest, err = takeUint64(rest, fieldSpanID); err != nil {
		return err
	}
	if z.HasParent {
		z.ParentID, _, err = takeUint64(rest, fieldParentID)
	}
	return err
}

func takeUint64(b []byte, field string) (uint64, []byte, error) {
	taken, rest, err := take(b, 8, field)
	if err != nil {
		return 0, nil, err
	}
	return binary.BigEndian.Uint64(taken), rest, nil
}
