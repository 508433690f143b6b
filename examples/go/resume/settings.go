package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

type settings struct {
	listen, connect string // of the two roles; both empty: both roles in this process

	items int // the client's: how many to ask the server for
	kill  int // after how many items to kill the transport, again and again; 0: never
}

// parse says on stderr what is wrong with the command line, or the help when that was asked for (flag.ErrHelp).
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("resume", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", "", "be only the server, on this `URL`; port 0 takes a free one")
	flags.StringVar(&s.connect, "connect", "", "be only the client of the server at this `URL`")
	flags.IntVar(&s.items, "n", 50, "client: how many items to ask for")
	flags.IntVar(&s.kill, "kill", 15, "client: kill the transport after each so many items; 0 for never")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	err := s.check()
	if flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "resume: %v, see -h\n", err)
	}
	return s, err
}

func (s settings) check() error {
	switch {
	case s.listen != "" && s.connect != "":
		return errors.New("-listen and -connect exclude each other")
	case s.items < 0:
		return errors.New("-n must not be negative")
	case s.kill < 0:
		return errors.New("-kill must not be negative")
	}
	return nil
}
