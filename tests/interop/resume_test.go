package interop

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"
)

// eachResumingPair runs a scenario for the pairs that resume exactly: each gets a server, and a way there that is cut.
func eachResumingPair(t *testing.T, how cut, scenario func(*testing.T, pair, *server, *cutter)) {
	t.Helper()
	eachPairThat(t, resumesExactly, func(t *testing.T, p pair) {
		s := startServer(t, p, "--resume")
		scenario(t, p, s, startCutter(t, s, how.after(p.over)))
		s.terminate(t)
	})
}

func resumesExactly(p pair) bool {
	return p.over.isCuttable() && !p.deviates(knowsNoResume) && !p.deviates(keepsNoFrames) && !p.deviates(forgetsPositions)
}

// Every request is answered once, with its own answer.
func TestResumeRequests(t *testing.T) {
	const count, size = 300, 500
	eachResumingPair(t, cut{least: 2_000, most: 30_000}, func(t *testing.T, p pair, s *server, w *cutter) {
		flags := []string{"--resume", "--count", strconv.Itoa(count), "--size", strconv.Itoa(size)}
		results := startClient(t, p.client, w.server(s), "concurrent", flags...).finish(t, count)
		s.expectSetup(t, "")
		s.expectNoLine(t)
		for i, got := range results {
			expectEcho(t, got, numbered(i, size), noMetadata)
		}
		w.expectTransports(t, 4)
	})
}

// Every fire-and-forget arrives, and once.
func TestResumeFireAndForget(t *testing.T) {
	const count, size = 300, 300
	eachResumingPair(t, cut{least: 2_000, most: 20_000}, func(t *testing.T, p pair, s *server, w *cutter) {
		flags := []string{"--resume", "--count", strconv.Itoa(count), "--size", strconv.Itoa(size)}
		startClient(t, p.client, w.server(s), "fnf", flags...).finish(t, count+1)
		s.expectSetup(t, "")
		expectFireAndForgets(t, s, func(int) int { return 1 }, count, size)
		s.expectNoLine(t)
		w.expectTransports(t, 4)
	})
}

// expectFireAndForgets takes the lines of so many fire-and-forgets, each of which arrives as often as times says.
func expectFireAndForgets(t *testing.T, s *server, times func(int) int, count, size int) {
	t.Helper()
	var want, got []string
	for i := range count {
		for range times(i) {
			want = append(want, fmt.Sprintf("fnf data=%s metadata=%s", digest([]byte(numbered(i, size))), noMetadata))
			got = append(got, s.nextLine(t))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got the requests\n%q\nwant\n%q", s.name, got, want)
	}
}

// A stream goes on where it was, with the credit that it had.
func TestResumeStream(t *testing.T) {
	const count = 5_000
	for _, prefetch := range []string{"8", "256"} {
		t.Run(prefetch, func(t *testing.T) {
			eachResumingPair(t, cut{least: 500, most: 8_000}, func(t *testing.T, p pair, s *server, w *cutter) {
				flags := []string{"--resume", "--count", strconv.Itoa(count), "--prefetch", prefetch}
				got := startClient(t, p.client, w.server(s), "stream", flags...).onlyItems(t)
				s.expectSetup(t, "")
				expectItems(t, got, count)
				w.expectTransports(t, 4)
			})
		})
	}
}

// Payloads of which some fragments are lost arrive whole.
func TestResumeFragments(t *testing.T) {
	const count, size = 20, 300_000
	eachResumingPair(t, cut{least: 100_000, most: 1_000_000}, func(t *testing.T, p pair, s *server, w *cutter) {
		flags := []string{"--resume", "--count", strconv.Itoa(count), "--size", strconv.Itoa(size), "--prefetch", "4"}
		got := startClient(t, p.client, w.server(s), "stream-big", flags...).onlyItems(t)
		s.expectSetup(t, "")
		expectItems(t, got, count)
		w.expectTransports(t, 4)
	})
}

// Both directions of a channel go on, and both end.
func TestResumeChannel(t *testing.T) {
	const count = 3_000
	eachResumingPair(t, cut{least: 500, most: 8_000}, func(t *testing.T, p pair, s *server, w *cutter) {
		flags := []string{"--resume", "--count", strconv.Itoa(count), "--prefetch", "16"}
		got := startClient(t, p.client, w.server(s), "channel", flags...).onlyItems(t)
		s.expectSetup(t, "")
		expectItems(t, got, count)
		w.expectTransports(t, 4)
	})
}

// Leases end with their transport, and begin anew with the next.
func TestResumeLeases(t *testing.T) {
	const count, size = 80, 500
	eachPairThat(t, resumesExactly, func(t *testing.T, p pair) {
		s := startServer(t, p, "--resume", "--lease", "20", "--lease-ttl", "300ms")
		w := startCutter(t, s, cut{least: 2_000, most: 10_000}.after(p.over))
		flags := []string{"--resume", "--count", strconv.Itoa(count), "--size", strconv.Itoa(size)}
		results := startClient(t, p.client, w.server(s), "lease-renewed", flags...).finish(t, count)
		s.expectSetup(t, "")
		for i, got := range results {
			expectEcho(t, got, numbered(i, size), noMetadata)
		}
		w.expectTransports(t, 3)
		s.terminate(t)
	})
}

// A client that proposes resumption and a server that agrees to it have a connection like any other.
func TestResumeWithoutLoss(t *testing.T) {
	const count = 100
	knows := func(p pair) bool { return !p.deviates(knowsNoResume) }
	eachPairThat(t, knows, func(t *testing.T, p pair) {
		s := startServer(t, p, "--resume")
		got := startClient(t, p.client, s, "stream", "--resume", "--count", strconv.Itoa(count)).onlyItems(t)
		s.expectSetup(t, "")
		expectItemsFrom(t, p, got, count)
		s.expectServes(t, p.client) // without resumption, which the client decides
	})
}

// A client that proposes resumption is turned away by a server that does not agree to it.
//
// Conforms: setup/resume-refused
func TestResumeUnsupported(t *testing.T) {
	proposes := func(p pair) bool { return !p.client.deviates(asClient, knowsNoResume) }
	eachPairThat(t, proposes, func(t *testing.T, p pair) {
		s := startServer(t, p)
		got := startClient(t, p.client, s, "echo", "--resume", "--data", "hello").only(t)
		switch {
		case p.server.deviates(asServer, knowsNoResume):
			s.expectSetup(t, "")
			expectEcho(t, got, "hello", noMetadata)
		case p.client.deviates(asClient, racesRejection) && got.Code == 0:
			expectLocalFailure(t, got)
		case p.server.deviates(asServer, refusesResumeAsUnsupported):
			expectFailure(t, got, unsupportedSetup, "resume not supported")
		default:
			expectFailure(t, got, rejectedSetup, "resume is not supported")
		}
		s.expectServes(t, p.client)
	})
}

// eachForgetfulClient runs a scenario for clients that keep nothing of what they send.
func eachForgetfulClient(t *testing.T, scenario func(*testing.T, pair)) {
	t.Helper()
	forgets := func(p pair) bool {
		return p.over == tcp && p.client.deviates(asClient, keepsNoFrames) && !p.deviates(knowsNoResume)
	}
	eachPairThat(t, forgets, scenario)
}

// A client that keeps nothing can go on where nothing was lost.
func TestResumeIdle(t *testing.T) {
	eachForgetfulClient(t, func(t *testing.T, p pair) {
		s := startServer(t, p, "--resume")
		// Behind the first answer, long before the next request.
		w := startCutter(t, s, cut{least: 9, most: 10, times: 1})
		got := startClient(t, p.client, w.server(s), "idle", "--resume", "--idle", "4s", "--data", "hello").only(t)
		s.expectSetup(t, "")
		expectEcho(t, got, "hello", noMetadata)
		w.expectTransports(t, 2)
		s.expectServes(t, p.client)
	})
}

// It is sent again what it has not received, and may lose it once more.
func TestResumeLostAnswer(t *testing.T) {
	const size = 5_000
	eachForgetfulClient(t, func(t *testing.T, p pair) {
		s := startServer(t, p, "--resume")
		// Within the stream's only item, when nothing is under way the other way.
		w := startCutter(t, s, cut{least: 1_000, most: 1_001, times: 1})
		got := startClient(t, p.client, w.server(s), "stream-big", "--resume", "--size", strconv.Itoa(size)).onlyItems(t)
		s.expectSetup(t, "")
		if p.deviates(losesAfterResume) && got.Items == 0 {
			expectFewer(t, got, 1)
		} else {
			expectItems(t, got, 1)
		}
		w.expectTransports(t, 2)
		s.expectServes(t, p.client)
	})
}

// Where something that the client sent is lost it is turned away, rather than that its requests go missing.
//
// Conforms: resume/positions-judged, resume/position-refused
func TestResumeLostRequest(t *testing.T) {
	eachForgetfulClient(t, func(t *testing.T, p pair) {
		s := startServer(t, p, "--resume")
		// Behind the first answer, and within the next request.
		w := startCutter(t, s, cut{least: 100, most: 101, times: 1})
		got := startClient(t, p.client, w.server(s), "echo", "--resume", "--size", "1000").only(t)
		s.expectSetup(t, "")
		expectLocalFailure(t, got)
		w.expectTransports(t, 2)
		s.expectServes(t, p.client)
	})
}

// A server that wants everything again serves everything again.
func TestResumeFromTheBeginning(t *testing.T) {
	const count, size = 10, 500
	forgets := func(p pair) bool {
		return p.over == tcp && p.server.deviates(asServer, forgetsPositions) && resumesExactly(pair{p.client, p.client, p.over})
	}
	eachPairThat(t, forgets, func(t *testing.T, p pair) {
		s := startServer(t, p, "--resume")
		// After three requests, and not before the server has noticed.
		w := startCutter(t, s, cut{least: 1_600, most: 1_601, times: 1, delay: time.Second})
		flags := []string{"--resume", "--count", strconv.Itoa(count), "--size", strconv.Itoa(size)}
		startClient(t, p.client, w.server(s), "fnf", flags...).finish(t, count+1)
		s.expectSetup(t, "")
		expectFireAndForgets(t, s, func(i int) int {
			if i < 3 {
				return 2
			}
			return 1
		}, count, size)
		w.expectTransports(t, 2)
		s.terminate(t)
	})
}
