package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

// figures of one load, by name.
type figures map[string]float64

// The names of figures. Times are in microseconds unless the name says otherwise, memory is in bytes.
const (
	rate          = "rate"   // requests or items a second; of fire-and-forgets those that the server got
	p50           = "p50_us" // latency of requests
	p99           = "p99_us"
	p999          = "p99.9_us"
	clientCPU     = "client_cpu_us" // per request or item
	serverCPU     = "server_cpu_us"
	clientMemory  = "client_memory" // resident, after the load
	serverMemory  = "server_memory"
	clientAllocs  = "client_allocations" // per request; of programs in Go those of Go, of programs in Rust all
	serverAllocs  = "server_allocations"
	lost          = "lost"            // share of the fire-and-forgets that the server never got
	aloneP99      = "alone_p99_us"    // of the requests of a mixed load before the bulk stream began
	besideAlone   = "p99_to_alone"    // their p99 beside the stream, as a multiple of that
	bulkRate      = "bulk_rate"       // items a second of that stream
	clientStart   = "client_start_ms" // from the start of the process until it is ready
	serverStart   = "server_start_ms"
	clientPerConn = "client_memory_per_connection"
	serverPerConn = "server_memory_per_connection"
	clientIdleCPU = "client_idle_cpu_us" // per connection and second
	serverIdleCPU = "server_idle_cpu_us"
)

// measurer makes one load at a time, each with a server and a client process of its own.
type measurer struct {
	programs programs
	options  options
}

// slack is how much longer than planned a load may take.
const slack = 30 * time.Second

// measure gives the figures of one load. An error says why there are none.
func (m measurer) measure(ctx context.Context, p pair, w work) (figures, error) {
	planned := idleIntervals*m.idleKeepalive(w) + m.options.warmUp
	ctx, stop := context.WithTimeoutCause(ctx, planned+slack, errors.New("it took too long"))
	defer stop()

	server, err := m.start(ctx, p.server, "serve", "--form", m.formOfServer(p.server))
	if err != nil {
		return nil, err
	}
	defer server.stop()
	settings := m.settings(p, w)
	settings.Connect = server.address
	client, err := m.start(ctx, p.client, append([]string{"load"}, settings.Args()...)...)
	if err != nil {
		return nil, err
	}
	defer client.stop()

	run := running{ctx: ctx, client: client, server: server}
	switch w.Workload {
	case load.Idle:
		return run.idle(w, idleIntervals*settings.Keepalive)
	default:
		return run.load(w)
	}
}

func (m measurer) start(ctx context.Context, c contender, args ...string) (*process, error) {
	path, err := m.programs.path(c.program)
	if err != nil {
		return nil, err
	}
	return start(ctx, path, c.name+" "+args[0], args...)
}

// formOfServer: clients have forms of calls; of the servers the plain one in Rust shares its program with another, and ours in Go has a
// form for each transport.
func (m measurer) formOfServer(c contender) string {
	if c.family == limit || c.family == transport {
		return c.form
	}
	return load.Blocking
}

func (m measurer) settings(p pair, w work) load.Settings {
	s := load.Settings{
		Workload:    w.Workload,
		Form:        p.client.form,
		Size:        w.Size,
		InFlight:    w.InFlight,
		Connections: w.Connections,
		Items:       m.options.items,
		Prefetch:    m.options.prefetch,
		WarmUp:      m.options.warmUp,
		Duration:    m.options.duration,
		Requests:    m.options.requests,
		Check:       m.options.check,
	}
	switch w.Workload {
	case allocations:
		s.Workload, s.Requests = load.RequestResponse, m.options.countedRequests
	case load.RequestStream, load.RequestChannel:
		if s.Requests > 0 {
			s.Requests = uint64(w.InFlight) // streams, each of some items
		}
	case load.Idle:
		s.Keepalive = m.idleKeepalive(w)
	}
	return s
}

// maxIdleKeepalives is how many keepalives idle connections send in a second, all together, at most: with more than a few they would keep
// the machine busy.
const maxIdleKeepalives = 10_000

// idleKeepalive is how often an idle connection sends one, and the shortest time in which each has sent one.
func (m measurer) idleKeepalive(w work) time.Duration {
	return max(m.options.duration, time.Duration(w.Connections)*time.Second/maxIdleKeepalives)
}

// idleIntervals is for how many keepalives of each idle connection CPU time is measured.
const idleIntervals = 2

// running is a client and a server that are ready.
type running struct {
	ctx            context.Context
	client, server *process
}

// state is what both processes have used and counted up to a moment.
type state struct {
	client, server                 usage
	clientCounters, serverCounters load.Counters
}

func (r running) load(w work) (figures, error) {
	command := load.ReadCounters
	if w.Workload == allocations {
		command = load.Count
	}
	before, err := r.state(command)
	if err != nil {
		return nil, err
	}
	var result load.Result
	if err := r.client.ask(r.ctx, load.Go, &result); err != nil {
		return nil, err
	}
	after, err := r.state(load.ReadCounters)
	if err != nil {
		return nil, err
	}
	if result.Errors > 0 {
		return nil, fmt.Errorf("%d errors, the first: %s", result.Errors, result.FirstError)
	}
	if result.Requests == 0 || result.Seconds <= 0 {
		return nil, errors.New("nothing was answered")
	}
	f := figures{
		rate:         float64(result.Requests) / result.Seconds,
		clientCPU:    perRequest(after.client.cpu-before.client.cpu, result),
		serverCPU:    perRequest(after.server.cpu-before.server.cpu, result),
		clientMemory: after.client.memory,
		serverMemory: after.server.memory,
	}
	f.latency(result.Latency)
	switch w.Workload {
	case load.FireAndForget:
		err = r.received(f, result, before, after)
	case load.Mixed:
		f[aloneP99] = result.Alone.P99
		f[besideAlone] = result.Latency.P99 / result.Alone.P99
		f[bulkRate] = float64(result.BulkItems) / result.Seconds
		// The CPU time is that of the bulk, too.
		delete(f, clientCPU)
		delete(f, serverCPU)
	case load.Dial:
		f[clientStart] = milliseconds(r.client.startTime)
		f[serverStart] = milliseconds(r.server.startTime)
	case allocations:
		f[clientAllocs] = float64(after.clientCounters.Allocations-before.clientCounters.Allocations) / float64(result.Requests)
		f[serverAllocs] = float64(after.serverCounters.Allocations-before.serverCounters.Allocations) / float64(result.Requests)
	}
	return f, err
}

func (f figures) latency(latency *load.Percentiles) {
	if latency != nil {
		f[p50], f[p99], f[p999] = latency.P50, latency.P99, latency.P999
	}
}

func perRequest(cpu time.Duration, result load.Result) float64 {
	return cpu.Seconds() * 1e6 / float64(result.Requests)
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func (r running) state(command string) (state, error) {
	var s state
	// The counters first: collecting them costs CPU time that is not the load's.
	err := errors.Join(
		r.client.ask(r.ctx, command, &s.clientCounters),
		r.server.ask(r.ctx, command, &s.serverCounters),
	)
	if err != nil {
		return s, err
	}
	if s.client, err = usageOf(r.client); err != nil {
		return s, err
	}
	s.server, err = usageOf(r.server)
	return s, err
}

// received takes the rate from what the server got while the client sent, and then waits for what is still to come.
func (r running) received(f figures, result load.Result, before, after state) error {
	received := after.serverCounters.Received - before.serverCounters.Received
	f[rate] = float64(received) / result.Seconds
	for received < result.Requests {
		select {
		case <-time.After(settleTime):
		case <-r.ctx.Done():
			return context.Cause(r.ctx)
		}
		var now load.Counters
		if err := r.server.ask(r.ctx, load.ReadCounters, &now); err != nil {
			return err
		}
		if now.Received-before.serverCounters.Received == received {
			break // nothing more comes
		}
		received = now.Received - before.serverCounters.Received
	}
	f[lost] = 1 - float64(received)/float64(result.Requests)
	return nil
}

// settleTime is how long a server is given for what it has read and not handled.
const settleTime = 200 * time.Millisecond

// idle measures what connections cost that only say that they live.
func (r running) idle(w work, duration time.Duration) (figures, error) {
	before, err := r.state(load.Settle)
	if err != nil {
		return nil, err
	}
	var result load.Result
	if err := r.client.ask(r.ctx, load.Go, &result); err != nil {
		return nil, err
	}
	if result.Errors > 0 {
		return nil, fmt.Errorf("%d errors, the first: %s", result.Errors, result.FirstError)
	}
	// What is given back first is not part of what the connections keep.
	connected, err := r.state(load.Settle)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(duration):
	case <-r.ctx.Done():
		return nil, context.Cause(r.ctx)
	}
	after, err := r.state(load.ReadCounters)
	if err != nil {
		return nil, err
	}
	connections := float64(w.Connections)
	f := figures{
		rate:          connections / result.Seconds, // of connecting
		clientPerConn: (connected.client.memory - before.client.memory) / connections,
		serverPerConn: (connected.server.memory - before.server.memory) / connections,
		clientIdleCPU: (after.client.cpu - connected.client.cpu).Seconds() * 1e6 / connections / duration.Seconds(),
		serverIdleCPU: (after.server.cpu - connected.server.cpu).Seconds() * 1e6 / connections / duration.Seconds(),
	}
	f.latency(result.Latency)
	return f, nil
}
