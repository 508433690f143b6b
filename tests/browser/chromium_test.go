// Package browser tests the example examples/go/browser in a real Chromium. run.sh builds what that needs and runs it.
package browser

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long anything on the page may take.
const patience = 30 * time.Second

// page is what a browser shows, by the ids of its elements.
type page struct {
	t   *testing.T
	ctx context.Context
}

// open starts a browser of its own for the test, with a profile of its own, and opens the page there.
func open(t *testing.T, url string) *page {
	t.Helper()
	// No sandbox, as root has none; and nothing that a browser does beside showing a page.
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"),
		chromedp.WindowSize(1000, 860),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), flags...)
	ctx, closePage := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		closePage()
		stop()
	})
	p := &page{t, ctx}
	do(p, chromedp.Navigate(url))
	return p
}

// do gives what an action brings.
func do[T any](p *page, action chromedp.Action[T]) T {
	p.t.Helper()
	brought, err := chromedp.Run(p.ctx, action)
	if err != nil {
		p.t.Fatal(err)
	}
	return brought
}

func (p *page) clicks(id string) {
	p.t.Helper()
	do(p, chromedp.Click(chromedp.CSS("#"+id+":enabled")))
}

// sets moves a slider.
func (p *page) sets(id string, value int) {
	p.t.Helper()
	do(p, chromedp.Evaluate[chromedp.Void](`{
		const slider = document.getElementById("`+id+`");
		slider.value = `+strconv.Itoa(value)+`;
		slider.dispatchEvent(new Event("input"));
	}`, chromedp.EvalIgnoreExceptions))
}

func (p *page) asksFor(n int) {
	p.t.Helper()
	p.sets("n", n)
	p.clicks("request")
}

// awaits waits until an element has this text.
func (p *page) awaits(id, text string) {
	p.t.Helper()
	p.awaitsThat(id, "=== "+strconv.Quote(text))
}

func (p *page) awaitsAtLeast(id string, number int) {
	p.t.Helper()
	p.awaitsThat(id, ">= "+strconv.Itoa(number))
}

func (p *page) awaitsThat(id, condition string) {
	p.t.Helper()
	expression := `document.getElementById("` + id + `").textContent ` + condition
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience))); err != nil {
		p.t.Fatalf("%s is %q, want %s: %v", id, p.text(id), condition, err)
	}
}

func (p *page) text(id string) string {
	p.t.Helper()
	return do(p, chromedp.TextContent(chromedp.ID(id)))
}

func (p *page) number(id string) int {
	p.t.Helper()
	number, err := strconv.Atoi(p.text(id))
	if err != nil {
		p.t.Fatal(err)
	}
	return number
}

// holds checks that the page shows this, and goes on to for as long as some hundred more readings would take.
func (p *page) holds(when string, want map[string]string) {
	p.t.Helper()
	for until := time.Now().Add(100 * interval); time.Now().Before(until); {
		for id, text := range want {
			if got := p.text(id); got != text {
				p.t.Fatalf("%s, and %s is %q, want %q", when, id, got, text)
			}
		}
	}
}
