package metadata

import "iter"

// MaxTagLen is the longest tag of routing metadata in bytes.
const MaxTagLen = 255

const fieldTag = "tag"

// Route tells the responder where a request should go (Routing Metadata Extension): a route, and tags that it may heed
// as well. Each is UTF-8 of at most [MaxTagLen] bytes; AppendBinary fails otherwise.
func Route(route string, tags ...string) Item { return routing{route, tags} }

// routing keeps the route apart, so that Route need not copy tags.
type routing struct {
	route string
	tags  []string
}

func (routing) MIMEType() MIME { return MIMERouting }

func (r routing) AppendBinary(dst []byte) ([]byte, error) {
	out, err := appendTag(dst, r.route)
	if err != nil {
		return dst, err
	}
	for _, tag := range r.tags {
		if out, err = appendTag(out, tag); err != nil {
			return dst, err
		}
	}
	return out, nil
}

func appendTag(dst []byte, tag string) ([]byte, error) {
	if err := checkLen(fieldTag, len(tag), MaxTagLen); err != nil {
		return dst, err
	}
	if err := checkUTF8String(tag, fieldTag); err != nil {
		return dst, err
	}
	return append(append(dst, byte(len(tag))), tag...), nil
}

// ParseTags goes over the tags in the content of routing metadata, in their order; by convention the first one is the
// route. The tags are part of content. There may be none.
//
// A tag that is not UTF-8 gives [ErrNotUTF8], and the tags after it follow. [ErrTruncated] ends the iteration.
func ParseTags(content []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for rest := content; len(rest) > 0; {
			var tag []byte
			var err error
			tag, rest, err = takeTag(rest)
			if !yield(tag, err) {
				return
			}
		}
	}
}

func takeTag(b []byte) (tag, rest []byte, err error) {
	if tag, rest, err = take(b[1:], int(b[0]), fieldTag); err != nil {
		return nil, nil, err
	}
	if err = checkUTF8(tag, fieldTag); err != nil {
		return nil, rest, err
	}
	return tag, rest, nil
}
