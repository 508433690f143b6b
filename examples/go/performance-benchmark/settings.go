package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

// The two ways to send a request and wait for its answer.
const (
	formBlocking = "blocking" // a goroutine per request in flight, each waits in RequestResponse
	formCallback = "callback" // a few goroutines send, answers arrive as callbacks
)

type settings struct {
	url         string        // empty: a server in this process
	requests    uint64        // how many to send; 0: no limit
	duration    time.Duration // how long to send; 0: no limit
	concurrency int           // how many are in flight
	size        int           // bytes of data in a request
	form        string
}

// parse says on stderr what is wrong with the command line, or the help when that was asked for (flag.ErrHelp).
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("performance-benchmark", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.url, "connect", "", "`server` to measure, as host:port or URL; without it one is started in this process")
	flags.Uint64Var(&s.requests, "requests", 100_000, "how many requests to send; 0 for no limit, which is the default with -duration")
	flags.DurationVar(&s.duration, "duration", 0, "how long to send requests; 0 for no limit")
	flags.IntVar(&s.concurrency, "concurrency", 64, "how many requests are in flight at a time")
	flags.IntVar(&s.size, "size", 64, "`bytes` of data in each request")
	flags.StringVar(&s.form, "form", formBlocking, "`form` of the calls: "+formBlocking+" or "+formCallback)
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}

	given := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if given["duration"] && !given["requests"] {
		s.requests = 0
	}
	if s.url != "" && !strings.Contains(s.url, "://") {
		s.url = "tcp://" + s.url
	}

	err := s.check()
	if flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "performance-benchmark: %v, see -h\n", err)
	}
	return s, err
}

func (s settings) check() error {
	switch {
	case s.duration < 0:
		return errors.New("-duration must not be negative")
	case s.requests == 0 && s.duration == 0:
		return errors.New("without a limit it would run for ever: give -requests or -duration")
	case s.concurrency < 1:
		return errors.New("-concurrency must be at least 1")
	case s.size < 0:
		return errors.New("-size must not be negative")
	case s.form != formBlocking && s.form != formCallback:
		return fmt.Errorf("-form must be %s or %s, not %q", formBlocking, formCallback, s.form)
	}
	return nil
}
