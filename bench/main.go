// Command bench measures this library beside everything that a user could take instead: the same loads, client and server in processes of
// their own on the loopback interface, rounds interleaved between the contenders. README.md says what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0 when all was measured, 1 when something was not, 2 when the command line is wrong. A target that is not
// reached is a result, and so is a load that other people's libraries do not stand.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 2
	}
	if o.list {
		for _, m := range o.plan() {
			fmt.Fprintln(stdout, m)
		}
		return 0
	}
	do := bench
	if o.draw != "" {
		do = draw
	}
	if err := do(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 1
	}
	return 0
}

func bench(ctx context.Context, o options, stdout, stderr io.Writer) error {
	results := results{Time: time.Now(), Machine: thisMachine(ctx), Rounds: o.rounds, Duration: o.duration.Seconds(), Prefetch: o.prefetch}
	aims, err := targets()
	if err != nil {
		return err
	}
	m := measurer{programs: programs{o.programs}, options: o}
	if results.Versions, err = versions(ctx, m.programs, o.pairs); err != nil {
		return err
	}
	if err := optimised(results.Versions); err != nil && !o.quick {
		return err
	}
	fmt.Fprintln(stdout, results.Machine)
	results.Measurements = o.plan()
	failures := m.rounds(ctx, results.Measurements, stderr)
	if !o.quick {
		results.Targets = judge(aims, results.Measurements)
	}

	// What was measured is kept, also when the rest was not.
	err = errors.Join(
		printTables(stdout, o.works, results.Measurements),
		printVerdicts(stdout, results.Targets),
		results.write(o.out),
		drawCharts(o.out, results),
	)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\nresults.json and the charts are in %s\n", o.out)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if failures > 0 {
		return fmt.Errorf("%d loads failed; results.json has the reasons", failures)
	}
	return nil
}

// draw draws the charts of earlier results.
func draw(_ context.Context, o options, stdout, _ io.Writer) error {
	earlier, err := readResults(o.draw)
	if err != nil {
		return err
	}
	if err := drawCharts(o.out, earlier); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "the charts are in %s\n", o.out)
	return nil
}

// counts reports whether it is an error that a pair failed.
func (o options) counts(p pair) bool { return o.quick || !p.foreign() }

// rounds measures everything once a round, so that a machine that slows down slows everybody. Who goes first changes with each round.
func (m measurer) rounds(ctx context.Context, all measurements, stderr io.Writer) (failures int) {
	shown := newProgress(stderr, m.options.rounds*len(all))
	defer shown.end()
	for round := range m.options.rounds {
		for _, at := range rotated(all, round) {
			if ctx.Err() != nil {
				return failures
			}
			shown.next(at.String())
			f, err := m.measure(ctx, at.pair, at.work)
			if err != nil {
				if m.options.counts(at.pair) {
					failures++
				}
				at.fail(err)
				shown.failed(at.String(), err)
			} else {
				at.add(f)
			}
			shown.finished()
		}
	}
	return failures
}

// rotated has the works in their order and the pairs of each from another one on.
func rotated(all measurements, round int) measurements {
	var turned measurements
	for first := 0; first < len(all); {
		last := first
		for last < len(all) && all[last].work == all[first].work {
			last++
		}
		same := all[first:last]
		from := round % len(same)
		turned = append(append(turned, same[from:]...), same[:from]...)
		first = last
	}
	return turned
}
