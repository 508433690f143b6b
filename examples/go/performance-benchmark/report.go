package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// report prints the table of a run.
func report(out io.Writer, settings settings, metrics *rsocket.PerformanceMetrics, result result) error {
	answers := metrics.GetResponseCount()
	latency := merge(result.latencies)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, values ...any) {
		fmt.Fprintf(table, name+"\t"+format+"\n", values...)
	}
	row("form", "%s, %d in flight, %d bytes", settings.form, settings.concurrency, settings.size)
	row("requests", "%d", metrics.GetRequestCount())
	row("answers", "%d", answers)
	row("errors", "%d", metrics.GetErrorCount())
	row("bytes sent", "%d", metrics.GetBytesSent())
	row("bytes received", "%d", metrics.GetBytesReceived())
	row("time", "%.3f s", result.elapsed.Seconds())
	row("req/s", "%.0f", float64(answers)/result.elapsed.Seconds())
	for _, percent := range []float64{50, 99, 99.9} {
		row(fmt.Sprintf("latency p%g", percent), "%s", latency.describe(percent))
	}
	return table.Flush()
}

// describe returns a percentile as text, marked when it comes from a sample.
func (d distribution) describe(percent float64) string {
	latency, any := d.percentile(percent)
	if !any {
		return "none"
	}
	text := latency.Round(100 * time.Nanosecond).String()
	if !d.exact {
		text += fmt.Sprintf(" (from a sample of %d)", len(d.sorted))
	}
	return text
}
