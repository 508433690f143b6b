// Package load is what every contender of the benchmark that is written in Go has in common: the small interface that its library is put
// behind, the workloads that run over it, and the program around both. bench/README.md has the program's contract, which contenders in
// other languages keep too.
package load

import "sync/atomic"

// Contender is a library behind the load interface.
type Contender struct {
	// Name is what the program calls itself.
	Name string
	// Versions gives the versions of what is measured, by name.
	Versions func() map[string]string
	// Serve listens on a free port of the loopback interface and returns its address as host:port. It goes on serving until the process
	// ends, and counts the fire-and-forgets that its handler has got. Requests are answered with their own data, streams as [ParseStream]
	// says, channels with their own items. The form is one of the contender's own; most have no more than one.
	Serve func(form string, received *atomic.Uint64) (address string, err error)
	// Dial connects to such a server: to Connect, and with Keepalive unless that is 0. The other settings are the workload's.
	Dial func(settings Settings) (Conn, error)
}

// Conn is a connection of a contender. Requests may be under way on it from many goroutines.
type Conn interface {
	// NewRequest makes what the library sends of this data. It is sent any number of times, also at the same time, as nobody writes to it.
	NewRequest(data []byte) Request
	// RequestResponse prepares a place for a request, which is then made any number of times, by one goroutine at a time.
	RequestResponse(request Request) Ask
	Close()
}

// Ask makes a request, waits for the answer and has its data looked at once, unless there is an error. Afterwards nobody needs the answer,
// whose memory the library may have back; with the form [Kept] it is the caller's instead, and look gets what the caller would keep.
type Ask func(look func(answer []byte)) error

// Request is a payload or a message of the library's own.
type Request any

// CallbackConn is a Conn that can also call back instead of letting a goroutine wait.
type CallbackConn interface {
	// RequestResponseFunc is RequestResponse with a callback, which is called once unless there is an error.
	RequestResponseFunc(request Request) func(done func(answer []byte, err error)) error
}

// FireAndForgetConn is a Conn with fire-and-forget.
type FireAndForgetConn interface {
	// FireAndForget hands the request to the library.
	FireAndForget(request Request) error
}

// StreamConn is a Conn with request-stream.
type StreamConn interface {
	// RequestStream takes a stream to its end. So many items are asked for ahead of those that each has had.
	RequestStream(request []byte, prefetch int, each func(item []byte)) error
}

// ChannelConn is a Conn with request-channel.
type ChannelConn interface {
	// RequestChannel sends these items and takes those that come back. item may be called by one goroutine at a time only, in order.
	RequestChannel(items int, item func(index int) []byte, prefetch int, each func(item []byte)) error
}
