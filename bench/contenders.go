package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

// contender is one way to make requests, or to answer them.
type contender struct {
	name    string
	program string // which executable it is
	form    string // which form of calls the program shall use
	family  family
	does    []string // workloads
}

// family is which charts a contender is in.
type family int

const (
	rsocket   family = iota // implementations of RSocket
	limit                   // what they can reach at best
	transport               // this library over other transports than TCP
	other                   // what a user might take instead
)

var (
	everything = []string{
		load.RequestResponse, load.FireAndForget, load.RequestStream, load.RequestChannel, load.Mixed, load.Dial, load.Idle, allocations,
	}
	requests        = []string{load.RequestResponse, allocations}
	requestResponse = []string{load.RequestResponse}
)

var contenders = []contender{
	{"ours-go", "ours-go", load.Blocking, rsocket, everything},
	{"ours-go-kept", "ours-go", load.Kept, rsocket, requests},
	{"ours-go-callback", "ours-go", load.Callback, rsocket, requests},
	{"ours-rust", "ours-rust", load.Blocking, rsocket, everything},
	{"rsocket-go", "rsocket-go", load.Blocking, rsocket, everything},
	{"rsocket-go-kept", "rsocket-go", load.Kept, rsocket, requests},
	{"rsocket-rust", "rsocket-rust", load.Blocking, rsocket, everything},
	{"ours-go-unix", "ours-go", "unix", transport, requestResponse},
	{"ours-go-ws", "ours-go", "ws", transport, requestResponse},
	{"ours-go-tls", "ours-go", "tls", transport, requestResponse},
	{"ours-go-wss", "ours-go", "wss", transport, requestResponse},
	{"framed-go", "plain-go", load.Blocking, limit, []string{load.RequestResponse, load.Dial, allocations}},
	{"framed-rust", "ours-rust", "framed", limit, requestResponse},
	{"framed-tasks-rust", "ours-rust", "framed-tasks", limit, requestResponse},
	{"ping-pong-go", "plain-go", load.PingPong, limit, requestResponse},
	{"grpc-go", "grpc-go", load.Blocking, other, []string{load.RequestResponse, load.RequestStream, load.Dial, load.Idle, allocations}},
	{"nats", "nats", load.Blocking, other, []string{load.RequestResponse, load.Dial, load.Idle, allocations}},
}

func findContender(name string) (contender, error) {
	for _, c := range contenders {
		if c.name == name {
			return c, nil
		}
	}
	return contender{}, fmt.Errorf("there is no contender %q; there are %s", name, strings.Join(contenderNames(), ", "))
}

func contenderNames() []string {
	var names []string
	for _, c := range contenders {
		names = append(names, c.name)
	}
	return names
}

// pair is a client on a server.
type pair struct{ client, server contender }

// String is how targets and the command line name it.
func (p pair) String() string { return p.client.name + ">" + p.server.name }

func (p pair) title() string {
	if p.client.name == p.server.name {
		return p.client.name
	}
	return p.client.name + " on " + p.server.name
}

// with reports whether one side is this contender.
func (p pair) with(name string) bool { return p.client.name == name || p.server.name == name }

// foreign reports whether both sides are other people's.
func (p pair) foreign() bool { return p.client.foreign() && p.server.foreign() }

func (c contender) foreign() bool {
	return c.program != "ours-go" && c.program != "ours-rust" && c.program != "plain-go"
}

func (p pair) does(w work) bool {
	switch {
	case p.client.form == load.PingPong && (w.InFlight > 1 || w.Connections > 1):
		return false // one at a time is what it is
	case p.client.name == "rsocket-rust" && (w.Workload == load.Mixed || w.Workload == load.RequestStream && w.InFlight > 1):
		return false // now and then it hangs with several requests beside a stream
	case p.client.family == transport && (p.client.name != p.server.name || w.InFlight == 16 || w.InFlight > 256):
		return false // the rest says little more
	case w.Workload != load.RequestResponse && slices.Contains(crossings, p.String()):
		return false
	}
	return slices.Contains(p.client.does, w.Workload) && slices.Contains(p.server.does, w.Workload)
}

// defaultPairs are measured unless others are asked for. What targets compare is among them.
var defaultPairs = []string{
	"ours-go>ours-rust", "ours-go>ours-go", "ours-go-callback>ours-rust", "ours-go-callback>ours-go", "ours-rust>ours-rust",
	"rsocket-go>ours-rust", "rsocket-go>rsocket-go", "rsocket-rust>rsocket-rust",
	"rsocket-rust>ours-rust", "rsocket-go>rsocket-rust", "ours-go>rsocket-go", "ours-go>rsocket-rust", "ours-rust>ours-go",
	"ours-go-kept>ours-go", "rsocket-go-kept>rsocket-go",
	"framed-go>framed-go", "framed-rust>framed-rust", "framed-tasks-rust>framed-tasks-rust", "ping-pong-go>framed-go",
	"ours-go-unix>ours-go-unix", "ours-go-ws>ours-go-ws", "ours-go-tls>ours-go-tls", "ours-go-wss>ours-go-wss",
	"grpc-go>grpc-go", "nats>nats",
}

// crossings are measured with request-response alone: with rsocket_rust because it heeds no credit, the others to save time.
var crossings = []string{"rsocket-rust>ours-rust", "rsocket-go>rsocket-rust", "ours-go>rsocket-go", "ours-go>rsocket-rust", "ours-rust>ours-go"}

func parsePair(text string) (pair, error) {
	client, server, ok := strings.Cut(text, ">")
	if !ok {
		return pair{}, fmt.Errorf("a pair is CLIENT>SERVER, not %q", text)
	}
	c, err := findContender(client)
	if err != nil {
		return pair{}, err
	}
	s, err := findContender(server)
	return pair{c, s}, err
}
