package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// progress shows how far a run is: a bar on a terminal, otherwise a line for each tenth.
type progress struct {
	out      io.Writer
	terminal bool
	metrics  *rsocket.PerformanceMetrics
	settings settings
	started  time.Time
	tenth    int // the last one that was printed
}

// showProgress returns a function that shows the last state and returns when nothing more is printed.
func showProgress(out io.Writer, terminal bool, metrics *rsocket.PerformanceMetrics, settings settings) (finish func()) {
	p := &progress{out: out, terminal: terminal, metrics: metrics, settings: settings, started: time.Now()}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		p.run(stop)
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

func (p *progress) run(stop <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.show()
		case <-stop:
			p.show()
			if p.terminal {
				fmt.Fprintln(p.out)
			}
			return
		}
	}
}

func (p *progress) show() {
	done := p.metrics.GetResponseCount() + p.metrics.GetErrorCount()
	fraction := p.fraction(done)
	if p.terminal {
		const width = 40
		full := int(fraction * width)
		fmt.Fprintf(p.out, "\r[%s%s] %3.0f %%  %d requests ", strings.Repeat("#", full), strings.Repeat(".", width-full), fraction*100, done)
		return
	}
	if tenth := int(fraction * 10); tenth > p.tenth {
		p.tenth = tenth
		fmt.Fprintf(p.out, "%d %%, %d requests\n", tenth*10, done)
	}
}

// fraction goes by the limit that is nearer.
func (p *progress) fraction(done uint64) float64 {
	fraction := 0.0
	if p.settings.requests > 0 {
		fraction = float64(done) / float64(p.settings.requests)
	}
	if p.settings.duration > 0 {
		fraction = max(fraction, time.Since(p.started).Seconds()/p.settings.duration.Seconds())
	}
	return min(fraction, 1)
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
