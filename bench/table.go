package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"
)

// column is a figure in the table on screen.
type column struct {
	figure, title string
	text          func(float64) string
	spread        bool // whether to say how far the rounds are apart
}

var columns = []column{
	{rate, "per second", countText, true},
	{p50, "p50 µs", short, false},
	{p99, "p99 µs", short, false},
	{p999, "p99.9 µs", short, false},
	{aloneP99, "p99 alone µs", short, false},
	{bulkRate, "bulk items/s", countText, false},
	{clientCPU, "client CPU µs", short, false},
	{serverCPU, "server CPU µs", short, false},
	{clientMemory, "client memory", bytesText, false},
	{serverMemory, "server memory", bytesText, false},
	{clientAllocs, "client allocations", short, false},
	{serverAllocs, "server allocations", short, false},
	{lost, "lost", shareText, false},
	{clientStart, "client start ms", short, false},
	{serverStart, "server start ms", short, false},
	{clientPerConn, "client memory each", bytesText, false},
	{serverPerConn, "server memory each", bytesText, false},
	{clientIdleCPU, "client CPU µs/s each", short, false},
	{serverIdleCPU, "server CPU µs/s each", short, false},
}

// printTables prints a table for each workload, the fastest first.
func printTables(out io.Writer, works []work, all measurements) error {
	for _, w := range works {
		var rows measurements
		for _, m := range all {
			if m.work == w && len(m.figures)+len(m.failures) > 0 {
				rows = append(rows, m)
			}
		}
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(out, "\n%s\n", w.title())
		if err := printTable(out, rows.byRate()); err != nil {
			return err
		}
	}
	return nil
}

func printTable(out io.Writer, rows measurements) error {
	var shown []column
	for _, c := range columns {
		for _, m := range rows {
			if len(m.figures[c.figure]) > 0 {
				shown = append(shown, c)
				break
			}
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, c := range shown {
		fmt.Fprintf(table, "%s\t", c.title)
	}
	fmt.Fprintln(table, "")
	for _, m := range rows {
		for _, c := range shown {
			fmt.Fprintf(table, "%s\t", c.cell(m))
		}
		// The last cell of a row is not part of a column, so it is not aligned to the right.
		fmt.Fprintf(table, "  %s%s\n", m.pair.title(), m.failed())
	}
	return table.Flush()
}

// failed says how many rounds gave no figures.
func (m *measurement) failed() string {
	if len(m.failures) == 0 {
		return ""
	}
	return fmt.Sprintf(" (failed in %d rounds)", len(m.failures))
}

func (c column) cell(m *measurement) string {
	s := m.figures[c.figure]
	if len(s) == 0 {
		return ""
	}
	text := c.text(s.median())
	if c.spread && len(s) > 1 {
		text += fmt.Sprintf(" ±%.0f%%", 100*s.spread())
	}
	return text
}

// printVerdicts says which targets are reached.
func printVerdicts(out io.Writer, verdicts []verdict) error {
	if len(verdicts) == 0 {
		return nil
	}
	fmt.Fprintln(out, "\ntargets")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, v := range verdicts {
		word := "reached"
		if !v.Reached {
			word = "not reached"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", word, short(v.Value), v.bound(), v.Name)
	}
	return table.Flush()
}

// short is a number with three digits that say something.
func short(n float64) string {
	switch {
	case n == math.Trunc(n), math.Abs(n) >= 100:
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(n)))))
	return strconv.FormatFloat(n, 'f', digits, 64)
}

func countText(n float64) string {
	switch {
	case n >= 1e6:
		return short(n/1e6) + " M"
	case n >= 1e3:
		return short(n/1e3) + " k"
	}
	return short(n)
}

func bytesText(n float64) string {
	switch {
	case math.Abs(n) >= 1<<20:
		return short(n/(1<<20)) + " MiB"
	case math.Abs(n) >= 1<<10:
		return short(n/(1<<10)) + " KiB"
	}
	return short(n) + " B"
}

func shareText(n float64) string { return short(100*n) + " %" }
