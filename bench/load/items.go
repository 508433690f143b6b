package load

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// streams has so many at once on each connection, one after the other. A stream that began is taken to its end.
func (s *session) streams(t *tally) error {
	return s.itemsOf(t, func(conn Conn) (func(each func([]byte)) error, error) {
		streaming, ok := conn.(StreamConn)
		if !ok {
			return nil, fmt.Errorf("%s has no request-stream", s.contender.Name)
		}
		request := StreamRequest(s.Items, s.Size)
		return func(each func([]byte)) error { return streaming.RequestStream(request, s.Prefetch, each) }, nil
	})
}

// channels is streams whose items this side sends.
func (s *session) channels(t *tally) error {
	return s.itemsOf(t, func(conn Conn) (func(each func([]byte)) error, error) {
		channelling, ok := conn.(ChannelConn)
		if !ok {
			return nil, fmt.Errorf("%s has no request-channel", s.contender.Name)
		}
		data := Pattern(0, s.Size)
		item := func(index int) []byte {
			PutIndex(data, uint64(index))
			return data
		}
		return func(each func([]byte)) error { return channelling.RequestChannel(s.Items, item, s.Prefetch, each) }, nil
	})
}

func (s *session) itemsOf(t *tally, open func(Conn) (func(each func([]byte)) error, error)) error {
	var running sync.WaitGroup
	defer running.Wait()
	for i := range s.InFlight * len(s.conns) {
		stream, err := open(s.conns[i%len(s.conns)])
		if err != nil {
			return err
		}
		running.Go(func() {
			for t.claim() {
				if err := takeAll(stream, s.Items, s.Size, &t.requests); err != nil {
					t.failed(err)
					return
				}
			}
		})
	}
	return nil
}

// takeAll takes one stream to its end and adds its items to a count.
func takeAll(stream func(each func([]byte)) error, items, size int, count *atomic.Uint64) error {
	check := itemCheck{size: size}
	err := stream(check.each)
	count.Add(check.count)
	return check.end(items, err)
}
