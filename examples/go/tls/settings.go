package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

type settings struct {
	listen, connect string // of the two roles; both empty: both roles in this process
	dir             string // of the certificates; empty: some are made for this run
}

// parse says on stderr what is wrong with the command line, or the help when that was asked for (flag.ErrHelp).
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("tls", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", "", "be only the server, on this `URL`; port 0 takes a free one")
	flags.StringVar(&s.connect, "connect", "", "be only the client of the server at this `URL`")
	flags.StringVar(&s.dir, "dir", "", "the `folder` of the certificates; some are put there when it is empty")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	err := s.check()
	if flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "tls: %v, see -h\n", err)
	}
	return s, err
}

func (s settings) check() error {
	switch {
	case s.listen != "" && s.connect != "":
		return errors.New("-listen and -connect exclude each other")
	case s.connect != "" && s.dir == "":
		return errors.New("-connect needs the -dir of the server's authority")
	}
	return nil
}
