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

	publish int // the publisher's: messages per second
	buffer  int // how many may wait for credit

	rate     int           // the subscriber's: messages per second
	prefetch int           // how many may be on their way
	duration time.Duration // how long it subscribes; 0: until interrupted
}

const (
	maxRate   = 100_000
	maxBuffer = 1 << 20
)

// parse says on stderr what is wrong with the command line, or the help when that was asked for (flag.ErrHelp).
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("pubsub", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.listen, "listen", "", "be only the publisher, on this `URL`; port 0 takes a free one")
	flags.StringVar(&s.connect, "connect", "", "be only a subscriber of the publisher at this `URL`")
	flags.IntVar(&s.publish, "publish", 1000, "publisher: how many messages per second it would produce")
	flags.IntVar(&s.buffer, "buffer", 100, "publisher: how many messages may wait for credit before it pauses")
	flags.IntVar(&s.rate, "rate", 100, "subscriber: how many messages per second it takes")
	flags.IntVar(&s.prefetch, "prefetch", 32, "subscriber: how many messages the publisher may send ahead")
	flags.DurationVar(&s.duration, "for", 2*time.Second, "subscriber: how long it subscribes; 0 until interrupted")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	err := s.check()
	if flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "pubsub: %v, see -h\n", err)
	}
	return s, err
}

func (s settings) check() error {
	switch {
	case s.listen != "" && s.connect != "":
		return errors.New("-listen and -connect exclude each other")
	case s.publish < 1 || s.publish > maxRate || s.rate < 1 || s.rate > maxRate:
		return fmt.Errorf("-publish and -rate must be from 1 to %d", maxRate)
	case s.buffer < 1 || s.buffer > maxBuffer:
		return fmt.Errorf("-buffer must be from 1 to %d", maxBuffer)
	case s.prefetch < 1:
		return errors.New("-prefetch must be at least 1")
	case s.duration < 0:
		return errors.New("-for must not be negative")
	}
	return nil
}

// interval is the time between two messages.
func interval(perSecond int) time.Duration {
	return time.Second / time.Duration(perSecond)
}
