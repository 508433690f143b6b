package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"time"
)

type settings struct {
	listen string // host:port
	bundle string // the file with rsocket-js
	rate   int    // readings per second
}

const maxRate = 10_000

// parse says on stderr what is wrong with the command line, or the help when that was asked for (flag.ErrHelp).
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("browser", flag.ContinueOnError)
	flags.SetOutput(stderr)
	at := flags.String("listen", "http://127.0.0.1:8080", "serve the page at this `URL`; port 0 takes a free one")
	flags.StringVar(&s.bundle, "bundle", "examples/go/browser/dist/rsocket.js", "rsocket-js for the page, the `file` that npm run build made")
	flags.IntVar(&s.rate, "rate", 40, "how many readings per second there are for who asks for them")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	err := s.check(*at)
	if flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "browser: %v, see -h\n", err)
	}
	return s, err
}

func (s *settings) check(at string) error {
	parsed, err := url.Parse(at)
	if err != nil || parsed.Scheme != "http" || parsed.Port() == "" || parsed.Path != "" {
		return errors.New("-listen must be http://HOST:PORT")
	}
	s.listen = parsed.Host
	if s.rate < 1 || s.rate > maxRate {
		return fmt.Errorf("-rate must be from 1 to %d", maxRate)
	}
	return nil
}

// interval is the time between two readings.
func (s *settings) interval() time.Duration {
	return time.Second / time.Duration(s.rate)
}
