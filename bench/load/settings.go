package load

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"
)

// The workloads.
const (
	RequestResponse = "request-response" // so many in flight, each answered with its own data
	FireAndForget   = "fire-and-forget"  // so many senders, counted at the server
	RequestStream   = "request-stream"   // so many streams at once, one after the other
	RequestChannel  = "request-channel"  // likewise, every item comes back
	Mixed           = "mixed"            // request-response alone, then beside a bulk stream on the same connection
	Dial            = "dial"             // connect, one request, close
	Idle            = "idle"             // so many connections that were used once
)

// The forms of a call.
const (
	Blocking = "blocking" // a goroutine waits for each request
	Kept     = "kept"     // likewise, and the caller keeps the answer
	Callback = "callback" // answers come as callbacks
	PingPong = "ping-pong"
)

// Settings is what a client is told to do. Its flags are the same in every contender.
type Settings struct {
	Connect     string // the server, as host:port
	Workload    string
	Form        string
	Size        int // bytes of data in a request or an item
	InFlight    int // requests, senders or streams at a time, on each connection
	Connections int
	Items       int           // items of one stream or channel
	Prefetch    int           // items asked for ahead
	WarmUp      time.Duration // how long to make requests before the ready line
	Duration    time.Duration // how long to make requests
	Requests    uint64        // how many to make instead, if not 0
	Keepalive   time.Duration
	Check       bool // whether each request has data of its own, and all of each answer is looked at
}

func parseSettings(args []string, stderr io.Writer) (Settings, error) {
	var s Settings
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	milliseconds := func(to *time.Duration, name string, unless int, usage string) {
		*to = time.Duration(unless) * time.Millisecond
		flags.Func(name, usage+fmt.Sprintf(" (default %d)", unless), func(text string) error {
			n, err := strconv.Atoi(text)
			*to = time.Duration(n) * time.Millisecond
			return err
		})
	}
	flags.StringVar(&s.Connect, "connect", "", "the server, as `host:port`")
	flags.StringVar(&s.Workload, "workload", RequestResponse, "what to do")
	flags.StringVar(&s.Form, "form", Blocking, "how requests are called")
	flags.IntVar(&s.Size, "size", 64, "`bytes` of data in a request or an item")
	flags.IntVar(&s.InFlight, "in-flight", 1, "requests at a time on each connection")
	flags.IntVar(&s.Connections, "connections", 1, "connections")
	flags.IntVar(&s.Items, "items", 20_000, "items of one stream or channel")
	flags.IntVar(&s.Prefetch, "prefetch", 256, "items to ask for ahead")
	milliseconds(&s.WarmUp, "warm-up-ms", 0, "`milliseconds` of requests before it is ready")
	milliseconds(&s.Duration, "duration-ms", 1000, "`milliseconds` of requests")
	flags.Uint64Var(&s.Requests, "requests", 0, "how many requests to make instead; 0 to go by the time")
	milliseconds(&s.Keepalive, "keepalive-ms", 0, "`milliseconds` between keepalives; 0 for the library's default")
	flags.BoolVar(&s.Check, "check", false, "give each request data of its own, and look at all of each answer")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	return s, s.check()
}

func (s Settings) check() error {
	switch {
	case s.Connect == "":
		return errors.New("--connect is missing")
	case s.InFlight < 1 || s.Connections < 1 || s.Items < 1 || s.Prefetch < 1:
		return errors.New("--in-flight, --connections, --items and --prefetch are at least 1")
	case s.Size < minSize:
		return fmt.Errorf("--size is at least %d: an item holds its index", minSize)
	case s.WarmUp < 0 || s.Duration < 0 || s.Keepalive < 0:
		return errors.New("times are not negative")
	}
	return nil
}

// Args is the command line that means the same.
func (s Settings) Args() []string {
	args := []string{
		"--connect", s.Connect,
		"--workload", s.Workload,
		"--form", s.Form,
		"--size", strconv.Itoa(s.Size),
		"--in-flight", strconv.Itoa(s.InFlight),
		"--connections", strconv.Itoa(s.Connections),
		"--items", strconv.Itoa(s.Items),
		"--prefetch", strconv.Itoa(s.Prefetch),
		"--warm-up-ms", strconv.FormatInt(s.WarmUp.Milliseconds(), 10),
		"--duration-ms", strconv.FormatInt(s.Duration.Milliseconds(), 10),
		"--requests", strconv.FormatUint(s.Requests, 10),
		"--keepalive-ms", strconv.FormatInt(s.Keepalive.Milliseconds(), 10),
	}
	if s.Check {
		args = append(args, "--check")
	}
	return args
}
