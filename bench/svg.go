package main

import (
	"fmt"
	"html"
	"strings"
)

// drawing is an SVG image. Its colours suit light and dark pages.
type drawing struct {
	text          strings.Builder
	width, height int
}

const (
	ink   = "#57606a"
	paper = "#ffffff"
	faint = "#d0d7de"
)

// palette has colours that differ in lightness too.
var palette = []string{
	"#0969da", "#bc4c00", "#1a7f37", "#8250df", "#cf222e", "#bf8700", "#1b7c83", "#bf3989", "#57606a",
	"#54aeff", "#fb8f44", "#4ac26b", "#c297ff", "#ff8182", "#d4a72c", "#3192aa", "#6f4e37", "#a5d600",
	"#0a3069",
}

func newDrawing(width, height int) *drawing { return &drawing{width: width, height: height} }

func (d *drawing) line(x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(&d.text, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2, colour)
}

// path joins points.
func (d *drawing) path(points [][2]float64, colour string) {
	var all strings.Builder
	for _, at := range points {
		fmt.Fprintf(&all, "%.1f,%.1f ", at[0], at[1])
	}
	fmt.Fprintf(&d.text, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", strings.TrimSpace(all.String()), colour)
}

func (d *drawing) dot(x, y float64, colour, title string) {
	fmt.Fprintf(&d.text, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"><title>%s</title></circle>\n", x, y, colour, html.EscapeString(title))
}

func (d *drawing) box(x, y, width, height float64, colour, title string) {
	fmt.Fprintf(&d.text, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"><title>%s</title></rect>\n",
		x, y, max(width, 0.5), height, colour, html.EscapeString(title))
}

// The ends of a text that it can be placed by.
const (
	atStart  = "start"
	atMiddle = "middle"
	atEnd    = "end"
)

func (d *drawing) write(x, y float64, anchor, colour, text string) {
	fmt.Fprintf(&d.text, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n", x, y, anchor, colour, html.EscapeString(text))
}

// svg is the whole image.
func (d *drawing) svg() string {
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"+
		"<rect width=\"100%%\" height=\"100%%\" fill=\"%s\"/>\n%s</svg>\n", d.width, d.height, d.width, d.height, paper, d.text.String())
}
