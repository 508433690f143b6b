package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

type settings struct {
	listen, connect string // of the two roles; both empty: both roles in this process

	file string // the server's: its lines are the items; empty: numbers are

	items    int // the client's: how many to ask the server for; 0: all that it has
	prefetch int // how many may be on their way
	take     int // after how many to leave the loop; 0: never
}

// parse says on stderr what is wrong with the command line, or the help when that was asked for (flag.ErrHelp).
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("streaming", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", "", "be only the server, on this `URL`; port 0 takes a free one")
	flags.StringVar(&s.connect, "connect", "", "be only the client of the server at this `URL`")
	flags.StringVar(&s.file, "file", "", "server: `file` whose lines are the items; without it they are numbers")
	flags.IntVar(&s.items, "n", 10, "client: how many items to ask for; 0 for all, and numbers have no end")
	flags.IntVar(&s.prefetch, "prefetch", 4, "client: how many items the server may send ahead")
	flags.IntVar(&s.take, "take", 0, "client: leave the loop after so many items; 0 for never")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	err := s.check()
	if flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "streaming: %v, see -h\n", err)
	}
	return s, err
}

func (s settings) check() error {
	switch {
	case s.listen != "" && s.connect != "":
		return errors.New("-listen and -connect exclude each other")
	case s.items < 0:
		return errors.New("-n must not be negative")
	case s.prefetch < 1:
		return errors.New("-prefetch must be at least 1")
	case s.take < 0:
		return errors.New("-take must not be negative")
	}
	return nil
}
