package load

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
)

// The lines that a program is told, each answered by one line.
const (
	Go           = "go"       // to a client: do the workload; a Result
	ReadCounters = "counters" // Counters
	Count        = "count"    // Counters, which count allocations from now on where that costs something
	Settle       = "settle"   // Counters, after memory that is not used has been given back
)

// Ready begins a program's first line. A server's address follows.
const Ready = "ready"

// Main is the main function of a contender's program.
func Main(contender Contender) {
	if err := run(contender, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", contender.Name, err)
		os.Exit(1)
	}
}

func run(contender Contender, args []string, in io.Reader, out, stderr io.Writer) error {
	role := ""
	if len(args) > 0 {
		role = args[0]
	}
	switch role {
	case "serve":
		return serve(contender, args[1:], in, out, stderr)
	case "load":
		settings, err := parseSettings(args[1:], stderr)
		if err != nil {
			return fmt.Errorf("reading the flags: %w", err)
		}
		return drive(contender, settings, in, out)
	case "versions":
		return json.NewEncoder(out).Encode(versions(contender))
	default:
		return fmt.Errorf("usage: %s serve | load FLAGS | versions", contender.Name)
	}
}

func serve(contender Contender, args []string, in io.Reader, out, stderr io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	form := flags.String("form", Blocking, "how to serve")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the flags: %w", err)
	}
	var received atomic.Uint64
	address, err := contender.Serve(*form, &received)
	if err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	fmt.Fprintln(out, Ready, address)
	return obey(in, out, &received, nil)
}

func drive(contender Contender, settings Settings, in io.Reader, out io.Writer) error {
	s, err := open(contender, settings)
	if err != nil {
		return err
	}
	defer s.close()
	fmt.Fprintln(out, Ready)
	return obey(in, out, nil, func() (Result, error) { return s.run(s.Requests, s.Duration) })
}

// obey answers what the program is told until there is nothing more, which is how it is told to end.
func obey(in io.Reader, out io.Writer, received *atomic.Uint64, work func() (Result, error)) error {
	lines, answers := bufio.NewScanner(in), json.NewEncoder(out)
	for lines.Scan() {
		var answer any
		var err error
		switch command := lines.Text(); {
		case command == ReadCounters || command == Count:
			answer = readCounters(received)
		case command == Settle:
			runtime.GC()
			debug.FreeOSMemory()
			answer = readCounters(received)
		case command == Go && work != nil:
			answer, err = work()
		default:
			err = fmt.Errorf("told %q, which it does not understand", command)
		}
		if err != nil {
			return err
		}
		if err := answers.Encode(answer); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
	return lines.Err()
}

func readCounters(received *atomic.Uint64) Counters {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	counters := Counters{Allocations: memory.Mallocs, AllocatedBytes: memory.TotalAlloc}
	if received != nil {
		counters.Received = received.Load()
	}
	return counters
}
