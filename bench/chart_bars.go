package main

import (
	"fmt"
	"math"
)

// barChart has a row for each pair, with a bar for each part: beside each other, or one behind the other.
type barChart struct {
	title       string
	note        []string
	parts       []string
	rows        []row
	stacked     bool
	logarithmic bool
	text        func(float64) string
}

type row struct {
	name   string
	values []float64 // of the parts
}

// draw is nil when there is nothing to draw.
func (c barChart) draw() *drawing {
	if len(c.rows) == 0 {
		return nil
	}
	const left, top, width, thickness = 220.0, 70.0, 540.0, 14.0
	perRow := float64(len(c.parts))
	if c.stacked {
		perRow = 1
	}
	rowHeight := thickness*perRow + 10
	d := newDrawing(900, int(top+rowHeight*float64(len(c.rows))+60))
	d.write(20, 25, atStart, ink, c.title)
	for i, part := range c.parts {
		at := left + 130*float64(i)
		d.box(at, 40, 12, 12, palette[i%len(palette)], part)
		d.write(at+18, 51, atStart, ink, part)
	}
	scale := c.scale(width)
	for i, r := range c.rows {
		y := top + rowHeight*float64(i)
		d.write(left-10, y+rowHeight/2, atEnd, ink, r.name)
		x, total := left, 0.0
		for part, value := range r.values {
			title := fmt.Sprintf("%s, %s: %s", r.name, c.parts[part], c.text(value))
			d.box(x, y, scale(value), thickness, palette[part%len(palette)], title)
			if c.stacked {
				x += scale(value)
				total += value
				continue
			}
			d.write(x+scale(value)+6, y+11, atStart, ink, c.text(value))
			y += thickness
		}
		if c.stacked {
			d.write(x+6, y+11, atStart, ink, c.text(total))
		}
	}
	for i, text := range c.note {
		d.write(20, float64(d.height)-30+16*float64(i), atStart, ink, text)
	}
	return d
}

// scale gives the length of a bar.
func (c barChart) scale(width float64) func(float64) float64 {
	least, most := math.Inf(1), 0.0
	for _, r := range c.rows {
		total := 0.0
		for _, value := range r.values {
			total += value
			if value > 0 {
				least = min(least, value)
			}
			if !c.stacked {
				most = max(most, value)
			}
		}
		if c.stacked {
			most = max(most, total)
		}
	}
	if c.logarithmic {
		low := math.Floor(math.Log10(least))
		span := math.Log10(most) - low
		return func(value float64) float64 {
			if value <= 0 || span <= 0 {
				return 0
			}
			return width * (math.Log10(value) - low) / span
		}
	}
	return func(value float64) float64 {
		if most <= 0 {
			return 0
		}
		return width * max(0, value) / most
	}
}
