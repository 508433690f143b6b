package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

// drawer is a chart.
type drawer interface{ draw() *drawing }

// chartGroup is which contenders share a chart.
type chartGroup struct {
	name, title string
	has         func(pair) bool
	beside      string // a pair that the others are compared with; empty for none
}

var chartGroups = []chartGroup{
	{"rsocket", "implementations of RSocket, and the limit", ofFamilies(rsocket, limit), ""},
	{"transports", "one transport and another, ours in Go", ofFamilies(transport), "ours-go>ours-go"},
	{"others", "what one might take instead", ofFamilies(other), "ours-go>ours-go"},
}

func ofFamilies(families ...family) func(pair) bool {
	return func(p pair) bool { return slices.Contains(families, p.client.family) }
}

// drawCharts writes an SVG file for each chart that there are figures for.
func drawCharts(folder string, r results) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder for charts: %w", err)
	}
	for name, chart := range charts(r) {
		d := chart.draw()
		if d == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, name+".svg"), []byte(d.svg()), 0o644); err != nil {
			return fmt.Errorf("drawing a chart: %w", err)
		}
	}
	return nil
}

func charts(r results) map[string]drawer {
	all := make(map[string]drawer)
	for _, group := range chartGroups {
		some := r.Measurements.of(group)
		note := r.note(group)
		for _, size := range []int{64, 4 << 10, 64 << 10} {
			all[fmt.Sprintf("%s-throughput-%d", group.name, size)] = throughput(some, size, group, note)
		}
		for _, inFlight := range []int{1, 64} {
			w := work{load.RequestResponse, 64, inFlight, 1}
			all[fmt.Sprintf("%s-latency-%d", group.name, inFlight)] = barChart{
				title: "Latency in µs (logarithmic), " + w.title() + ": " + group.title,
				note:  note,
				parts: []string{"p50", "p99", "p99.9"},
				rows:  some.rows(w, p50, p99, p999), logarithmic: true, text: short,
			}
		}
		w := work{load.RequestResponse, 64, 64, 1}
		all[group.name+"-cost"] = barChart{
			title: "CPU time per request in µs, " + w.title() + ": " + group.title,
			note:  note,
			parts: []string{"client", "server"},
			rows:  some.rows(w, clientCPU, serverCPU), stacked: true, text: short,
		}
		if w := (work{load.RequestResponse, 64, 1024, 1}); some.has(func(of work) bool { return of == w }) {
			all[group.name+"-memory"] = barChart{
				title: "Resident memory, " + w.title() + ": " + group.title,
				note:  note,
				parts: []string{"client", "server"},
				rows:  some.rows(w, clientMemory, serverMemory), text: bytesText,
			}
		}
		if some.has(func(of work) bool { return of.Workload == load.Idle }) {
			all[group.name+"-idle-memory"] = barChart{
				title: "Resident memory per idle connection: " + group.title,
				note:  note,
				parts: []string{"client", "server"},
				rows:  some.idleRows(), text: bytesText,
			}
		}
		if w := (work{load.RequestStream, 64, 1, 1}); some.has(func(of work) bool { return of == w }) {
			all[group.name+"-"+load.RequestStream] = rates(some, w, group, note)
		}
	}
	group := chartGroups[0] // what only implementations of RSocket have
	some, note := r.Measurements.of(group), r.note(group)
	all["rsocket-"+load.FireAndForget] = rates(some, work{load.FireAndForget, 64, 16, 1}, group, note)
	all["rsocket-"+load.RequestChannel] = rates(some, work{load.RequestChannel, 64, 1, 1}, group, note)
	w := work{load.Mixed, 64, 16, 1}
	all["rsocket-mixed"] = barChart{
		title: "p99 in µs (logarithmic) of small requests beside a bulk stream, " + w.title() + ": " + group.title,
		note:  note,
		parts: []string{"alone", "beside the stream"},
		rows:  some.rows(w, aloneP99, p99), logarithmic: true, text: short,
	}
	return all
}

// note says where the figures are from.
func (r results) note(group chartGroup) []string {
	return []string{
		fmt.Sprintf("medians over the rounds, of which there were %d; %s", r.Rounds, r.Machine.short()),
		r.libraries(group),
	}
}

// rates has what was made of one work per second.
func rates(all measurements, w work, group chartGroup, note []string) barChart {
	return barChart{
		title: w.title() + ", per second: " + group.title,
		note:  note,
		parts: []string{"per second"},
		rows:  all.rows(w, rate), text: countText,
	}
}

// of has the measurements of a group, with those that they are compared with.
func (all measurements) of(group chartGroup) measurements {
	compared := make(map[work]bool)
	for _, m := range all {
		if group.has(m.pair) {
			compared[m.work] = true
		}
	}
	var some measurements
	for _, m := range all {
		if compared[m.work] && (group.has(m.pair) || m.pair.String() == group.beside) {
			some = append(some, m)
		}
	}
	return some
}

// has reports whether such a work was measured.
func (all measurements) has(such func(work) bool) bool {
	return slices.ContainsFunc(all, func(m *measurement) bool { return such(m.work) })
}

// throughput has the requests per second of one size over the requests in flight.
func throughput(all measurements, size int, group chartGroup, note []string) lineChart {
	c := lineChart{
		title: fmt.Sprintf("request-response, %s: %s", bytesText(float64(size)), group.title),
		x:     "requests in flight on one connection", y: "requests per second", note: note, text: countText,
	}
	at := make(map[string]int) // places in lines
	for _, m := range all {
		value, ok := m.value(rate)
		if !ok || m.work.Workload != load.RequestResponse || m.work.Size != size || m.work.Connections != 1 {
			continue
		}
		name := m.pair.title()
		if _, known := at[name]; !known {
			at[name] = len(c.lines)
			c.lines = append(c.lines, line{name: name})
		}
		l := &c.lines[at[name]]
		l.points = append(l.points, point{float64(m.work.InFlight), value})
	}
	// In the order in which they end.
	slices.SortStableFunc(c.lines, func(a, b line) int {
		return cmp.Compare(b.points[len(b.points)-1].y, a.points[len(a.points)-1].y)
	})
	return c
}

// rows has these figures of one work, the fastest pair first.
func (all measurements) rows(w work, names ...string) []row {
	var rows []row
	for _, m := range all.byRate() {
		if m.work != w {
			continue
		}
		r := row{name: m.pair.title()}
		for _, name := range names {
			if value, ok := m.value(name); ok {
				r.values = append(r.values, value)
			}
		}
		if len(r.values) == len(names) {
			rows = append(rows, r)
		}
	}
	return rows
}

// idleRows is rows of the idle workload, however many connections it has.
func (all measurements) idleRows() []row {
	for _, m := range all {
		if m.work.Workload == load.Idle {
			return all.rows(m.work, clientPerConn, serverPerConn)
		}
	}
	return nil
}
