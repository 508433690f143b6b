package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

type settings struct {
	listen, connect string // of the two roles; both empty: both roles in this process

	route string // the client's; empty: all that it knows
	data  string
}

// parse says on stderr what is wrong with the command line, or the help when that was asked for (flag.ErrHelp).
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("routing", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", "", "be only the server, on this `URL`; port 0 takes a free one")
	flags.StringVar(&s.connect, "connect", "", "be only the client of the server at this `URL`")
	flags.StringVar(&s.route, "route", "", "client: `route` of a request-response; without it, one request for each route and one for none")
	flags.StringVar(&s.data, "data", "the quick brown fox", "client: data of the requests")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.listen != "" && s.connect != "":
		err = errors.New("-listen and -connect exclude each other")
	}
	if err != nil {
		fmt.Fprintf(stderr, "routing: %v, see -h\n", err)
	}
	return s, err
}
