package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

// options are what the command line asks for.
type options struct {
	pairs    []pair
	works    []work
	rounds   int
	duration time.Duration // of one load
	warmUp   time.Duration
	out      string // the folder for results
	programs string // the folder of the contenders' programs
	list     bool
	draw     string // the file with results whose charts to draw, and nothing to measure
	quick    bool   // what is measured says nothing about speed

	requests        uint64 // instead of the duration, if not 0
	countedRequests uint64 // of the workload that counts allocations
	items           int    // of one stream
	prefetch        int    // how many of them to ask for ahead
	check           bool   // whether all of every answer is looked at
}

// selection is what of everything is asked for; empty for all of it.
type selection struct {
	contenders, pairs, workloads []string
	sizes, inFlight              []int
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	o := options{countedRequests: 50_000, items: 20_000}
	var chosen selection
	idle := 0
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	names := func(to *[]string, name, usage string) {
		flags.Func(name, usage, func(text string) error {
			*to = append(*to, strings.Split(text, ",")...)
			return nil
		})
	}
	numbers := func(to *[]int, name, usage string) {
		flags.Func(name, usage, func(text string) error {
			for part := range strings.SplitSeq(text, ",") {
				n, err := strconv.Atoi(part)
				if err != nil {
					return err
				}
				*to = append(*to, n)
			}
			return nil
		})
	}
	names(&chosen.contenders, "contender", "only pairs with these `contenders`: "+strings.Join(contenderNames(), ","))
	names(&chosen.pairs, "pair", "these `pairs`, as CLIENT>SERVER, instead of those of -list")
	names(&chosen.workloads, "workload", "only these `workloads`: "+strings.Join(everything, ","))
	numbers(&chosen.sizes, "size", "only these sizes in `bytes`")
	numbers(&chosen.inFlight, "in-flight", "only these `numbers` of requests in flight on a connection")
	flags.IntVar(&o.rounds, "rounds", 5, "how often everything is measured; figures are medians")
	flags.DurationVar(&o.duration, "duration", 2*time.Second, "how long each load is")
	flags.DurationVar(&o.warmUp, "warm-up", 500*time.Millisecond, "how long each load is before it is measured")
	flags.IntVar(&o.prefetch, "prefetch", 256, "how many items streams and channels have credit for")
	flags.IntVar(&idle, "idle-connections", idleConnections, "how many connections the idle workload has")
	flags.StringVar(&o.out, "out", filepath.Join("bench", "results"), "`folder` for results.json and the charts")
	flags.StringVar(&o.programs, "programs", filepath.Join("bench", "bin"), "`folder` of the contenders' programs")
	flags.StringVar(&o.draw, "draw", "", "draw the charts of the results in this `file` anew, and measure nothing")
	flags.BoolVar(&o.list, "list", false, "list what would be measured, and do not")
	flags.BoolVar(&o.quick, "quick", false, "a few hundred requests of each, to see that the harness works; says nothing about speed")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.quick {
		o.rounds, o.duration, o.warmUp, o.requests, o.countedRequests, o.items, o.check = 1, 100*time.Millisecond, 0, 300, 300, 300, true
		idle = min(idle, 50)
	}
	o.works = allWorks()
	for i := range o.works {
		if o.works[i].Workload == load.Idle {
			o.works[i].Connections = idle
		}
	}
	// Programs that are run by Bazel are somewhere else than who called it.
	root := os.Getenv("BUILD_WORKSPACE_DIRECTORY")
	for _, path := range []*string{&o.out, &o.draw} {
		if root != "" && *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(root, *path)
		}
	}
	return o, o.choose(chosen)
}

func (o *options) choose(chosen selection) error {
	if o.rounds < 1 || o.duration <= 0 || o.prefetch < 1 || o.warmUp < 0 {
		return errors.New("-rounds, -duration and -prefetch are more than 0, -warm-up is not less")
	}
	for _, name := range chosen.contenders {
		if _, err := findContender(name); err != nil {
			return err
		}
	}
	for _, name := range chosen.workloads {
		if !slices.Contains(everything, name) {
			return fmt.Errorf("there is no workload %q; there are %s", name, strings.Join(everything, ", "))
		}
	}
	names := chosen.pairs
	if len(names) == 0 {
		names = defaultPairs
	}
	for _, name := range names {
		p, err := parsePair(name)
		if err != nil {
			return err
		}
		if len(chosen.contenders) == 0 || slices.ContainsFunc(chosen.contenders, p.with) {
			o.pairs = append(o.pairs, p)
		}
	}
	o.works = slices.DeleteFunc(o.works, func(w work) bool {
		return len(chosen.workloads) > 0 && !slices.Contains(chosen.workloads, w.Workload) ||
			len(chosen.sizes) > 0 && !slices.Contains(chosen.sizes, w.Size) ||
			len(chosen.inFlight) > 0 && !slices.Contains(chosen.inFlight, w.InFlight)
	})
	if len(o.plan()) == 0 {
		return errors.New("nothing is left to measure")
	}
	return nil
}

// plan is what will be measured.
func (o *options) plan() measurements {
	var all measurements
	for _, w := range o.works {
		for _, p := range o.pairs {
			if p.does(w) {
				all = append(all, &measurement{pair: p, work: w})
			}
		}
	}
	return all
}
