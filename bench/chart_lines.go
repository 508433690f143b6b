package main

import (
	"fmt"
	"math"
	"slices"
)

// lineChart has a line for each pair over numbers that double, both axes logarithmic.
type lineChart struct {
	title, x, y string
	note        []string
	lines       []line
	text        func(float64) string // of a value
}

type line struct {
	name   string
	points []point
}

type point struct{ x, y float64 }

// draw is nil when there is nothing to draw.
func (c lineChart) draw() *drawing {
	var xs, ys []float64
	for _, l := range c.lines {
		for _, p := range l.points {
			if !slices.Contains(xs, p.x) {
				xs = append(xs, p.x)
			}
			ys = append(ys, p.y)
		}
	}
	if len(ys) == 0 {
		return nil
	}
	slices.Sort(xs)
	low, high := math.Floor(math.Log10(slices.Min(ys))), math.Ceil(math.Log10(slices.Max(ys)))
	if low == high {
		high++
	}
	const left, top, width, bottom = 80.0, 50.0, 560.0, 410.0
	d := newDrawing(900, 500)
	xAt := func(x float64) float64 {
		if len(xs) == 1 {
			return left + width/2
		}
		return left + width*math.Log2(x/xs[0])/math.Log2(xs[len(xs)-1]/xs[0])
	}
	yAt := func(y float64) float64 { return bottom - (bottom-top)*(math.Log10(y)-low)/(high-low) }

	d.write(left, 25, atStart, ink, c.title)
	d.write(left+width/2, bottom+38, atMiddle, ink, c.x)
	d.write(left, top-8, atStart, ink, c.y)
	for i, text := range c.note {
		d.write(20, bottom+60+16*float64(i), atStart, ink, text)
	}
	for decade := low; decade <= high; decade++ {
		for _, part := range []float64{1, 2, 5} {
			value := part * math.Pow(10, decade)
			if decade == high && part > 1 {
				break
			}
			d.line(left, yAt(value), left+width, yAt(value), faint)
			d.write(left-8, yAt(value)+4, atEnd, ink, c.text(value))
		}
	}
	for _, x := range xs {
		d.line(xAt(x), bottom, xAt(x), bottom+5, ink)
		d.write(xAt(x), bottom+20, atMiddle, ink, short(x))
	}
	for i, l := range c.lines {
		colour := palette[i%len(palette)]
		var path [][2]float64
		for _, p := range l.points {
			path = append(path, [2]float64{xAt(p.x), yAt(p.y)})
			d.dot(xAt(p.x), yAt(p.y), colour, fmt.Sprintf("%s, %s: %s", l.name, short(p.x), c.text(p.y)))
		}
		d.path(path, colour)
		at := top + 8 + 20*float64(i)
		d.box(left+width+20, at-9, 12, 12, colour, l.name)
		d.write(left+width+38, at+2, atStart, ink, l.name)
	}
	return d
}
