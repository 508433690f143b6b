package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	waiting   = "waiting for credit"
	cancelled = "cancelled"
)

func TestThePageGetsWhatItAsksForAndNoMore(t *testing.T) {
	server := startServer(t)
	page := open(t, server.url)
	page.awaits("status", "connected")

	page.asksFor(8)
	page.awaits("received", "8")
	page.awaitsThatItWaits(8)
	page.holds("8 were asked for", map[string]string{"received": "8", "granted": "8", "credit": "0", "sent": "8", "state": waiting})

	page.asksFor(5)
	page.awaits("received", "13")
	page.awaitsThatItWaits(13)
	page.holds("5 more were asked for", map[string]string{"received": "13", "granted": "13", "credit": "0", "sent": "13", "state": waiting})

	page.clicks("cancel")
	page.awaits("state", cancelled)
	server.says("cancelled after 13 readings")
	page.shoot("cancelled")
}

func TestReadingsFlowUntilThePagePauses(t *testing.T) {
	server := startServer(t)
	page := open(t, server.url)
	page.awaits("status", "connected")
	page.sets("n", 10)
	page.clicks("flow")
	page.awaitsAtLeast("received", 60)
	page.shoot("flowing")

	page.clicks("flow")
	page.awaits("credit", "0")
	granted := page.number("granted")
	page.awaitsThatItWaits(granted)
	page.holds("paused", map[string]string{"received": strconv.Itoa(granted), "state": waiting})
	page.shoot("paused")

	page.clicks("flow")
	page.awaitsAtLeast("received", granted+20)
	page.clicks("cancel")
	page.awaits("state", cancelled)
	sent := page.number("sent")
	server.says(fmt.Sprintf("cancelled after %d readings", sent))
}

func TestACancelledStreamCanBeFollowedByAnother(t *testing.T) {
	server := startServer(t)
	page := open(t, server.url)
	page.awaits("status", "connected")
	for _, n := range []int{3, 4} {
		page.asksFor(n)
		page.awaits("received", strconv.Itoa(n))
		page.awaitsThatItWaits(n)
		page.clicks("cancel")
		page.awaits("state", cancelled)
		server.says(fmt.Sprintf("cancelled after %d readings", n))
	}
}

func TestThePageSaysWhenTheServerIsGone(t *testing.T) {
	server := startServer(t)
	page := open(t, server.url)
	page.awaits("status", "connected")
	server.stop()
	page.awaits("status", "disconnected")
}

// A page that the server's site did not bring is not let in, whatever its script does.
func TestPagesOfOtherSitesAreNotLetIn(t *testing.T) {
	server, other := startServer(t), startServer(t)
	page := open(t, other.url)
	page.awaits("status", "connected")
	address := "ws" + strings.TrimPrefix(server.url, "http") + "rsocket"
	came := do(page, chromedp.Evaluate[string](`new Promise((resolve) => {
		const socket = new WebSocket(`+strconv.Quote(address)+`);
		for (const event of ["open", "error"]) socket.addEventListener(event, () => resolve(event));
	})`, chromedp.EvalAwaitPromise))
	if came != "error" {
		t.Errorf("the WebSocket of another site's page had the event %q, want error", came)
	}
}

// awaitsThatItWaits waits until the server has sent so many readings and would send more: it tells both at once, and is in
// that state for a moment before each reading.
func (p *page) awaitsThatItWaits(sent int) {
	p.t.Helper()
	p.awaits("sent", strconv.Itoa(sent))
	p.awaits("state", waiting)
}

// shoot keeps a picture of the page with the test's artifacts.
func (p *page) shoot(name string) {
	p.t.Helper()
	picture := do(p, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(p.t.ArtifactDir(), name+".png"), picture, 0o600); err != nil {
		p.t.Fatal(err)
	}
}
