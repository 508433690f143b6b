package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

type settings struct {
	listen, connect string // of the two roles; both empty: both roles in this process

	name    string // the client's: what it calls itself
	numbers int    // how many it has
}

// parse says on stderr what is wrong with the command line, or the help when that was asked for (flag.ErrHelp).
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bidirectional", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", "", "be only the server, on this `URL`; port 0 takes a free one")
	flags.StringVar(&s.connect, "connect", "", "be only the client of the server at this `URL`")
	flags.StringVar(&s.name, "name", "Ada", "client: what it calls itself")
	flags.IntVar(&s.numbers, "numbers", 10, "client: it has the numbers from 1 to this")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	err := s.check()
	if flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "bidirectional: %v, see -h\n", err)
	}
	return s, err
}

func (s settings) check() error {
	switch {
	case s.listen != "" && s.connect != "":
		return errors.New("-listen and -connect exclude each other")
	case s.numbers < 0:
		return errors.New("-numbers must not be negative")
	}
	return nil
}
