package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress shows how far the benchmark is: a bar on a terminal, otherwise a line for each twentieth.
type progress struct {
	out      io.Writer
	terminal bool
	total    int
	done     int
	shown    int // the last twentieth that was printed
	started  time.Time
}

func newProgress(out io.Writer, total int) *progress {
	return &progress{out: out, terminal: isTerminal(out), total: total, started: time.Now()}
}

// next tells what is measured now.
func (p *progress) next(what string) {
	if p.terminal {
		const width = 30
		full := width * p.done / p.total
		fmt.Fprintf(p.out, "\r\033[K[%s%s] %3d %% %s %s", strings.Repeat("#", full), strings.Repeat(".", width-full),
			100*p.done/p.total, p.left(), what)
	}
	p.done++
}

// finished is called when one measurement is made.
func (p *progress) finished() {
	if twentieth := 20 * p.done / p.total; !p.terminal && twentieth > p.shown {
		p.shown = twentieth
		fmt.Fprintf(p.out, "%3d %% %s\n", 5*twentieth, p.left())
	}
}

// failed says what went wrong, without waiting for the end.
func (p *progress) failed(what string, err error) {
	if p.terminal {
		fmt.Fprint(p.out, "\r\033[K")
	}
	fmt.Fprintf(p.out, "failed: %s: %v\n", what, err)
}

func (p *progress) end() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\033[K")
	}
}

// left is how long the rest will take if it is like what has been.
func (p *progress) left() string {
	if p.done == 0 {
		return ""
	}
	left := time.Since(p.started) / time.Duration(p.done) * time.Duration(p.total-p.done)
	return fmt.Sprintf("%v left", left.Round(time.Second))
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
