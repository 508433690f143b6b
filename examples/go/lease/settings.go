package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

type settings struct {
	listen, connect string // of the two roles; both empty: both roles in this process

	allowed int           // the server's: how many requests each lease allows
	period  time.Duration // and for how long

	requests int // the client's: how many it makes
}

// parse says on stderr what is wrong with the command line, or the help when that was asked for (flag.ErrHelp).
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("lease", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", "", "be only the server, on this `URL`; port 0 takes a free one")
	flags.StringVar(&s.connect, "connect", "", "be only the client of the server at this `URL`")
	flags.IntVar(&s.allowed, "allow", 3, "server: how many requests each lease allows")
	flags.DurationVar(&s.period, "period", 500*time.Millisecond, "server: how long a lease is good, and when the next one follows")
	flags.IntVar(&s.requests, "n", 8, "client: how many requests to make")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	err := s.check()
	if flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "lease: %v, see -h\n", err)
	}
	return s, err
}

func (s settings) check() error {
	switch {
	case s.listen != "" && s.connect != "":
		return errors.New("-listen and -connect exclude each other")
	case s.allowed < 1:
		return errors.New("-allow must be at least 1")
	case s.period < time.Millisecond:
		return errors.New("-period must be at least 1ms")
	case s.requests < 1:
		return errors.New("-n must be at least 1")
	}
	return nil
}
