package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

type settings struct {
	listen, connect string // of the two roles; both empty: a conversation in this process

	name string // the client's
}

// parse says on stderr what is wrong with the command line, or the help when that was asked for (flag.ErrHelp).
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", "", "be only the server, on this `URL`; port 0 takes a free one")
	flags.StringVar(&s.connect, "connect", "", "be only a client of the server at this `URL`: lines of standard input are said, others' lines printed")
	flags.StringVar(&s.name, "name", "somebody", "client: what the others see before its lines")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.listen != "" && s.connect != "":
		err = errors.New("-listen and -connect exclude each other")
	case s.name == "":
		err = errors.New("-name must not be empty")
	}
	if err != nil {
		fmt.Fprintf(stderr, "chat: %v, see -h\n", err)
	}
	return s, err
}
