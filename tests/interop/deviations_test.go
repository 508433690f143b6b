package interop

// role is the end of a connection at which a peer behaves in a way.
type role string

const (
	asClient role = "client"
	asServer role = "server"
)

// deviation names a way in which another implementation differs from the protocol or the contract. The scenarios assert
// it where a pair has it, so that this list cannot go stale, and assert that the other side stays right.
type deviation string

const (
	dropsEmptyMetadata         deviation = "drops empty metadata"
	sendsNoCancel              deviation = "sends no CANCEL"
	hearsNoCancel              deviation = "hears no CANCEL"
	hangsAfterLoss             deviation = "hangs after the connection is lost"
	hidesRejection             deviation = "hides a rejected setup"
	racesRejection             deviation = "may lose a rejected setup's code"
	servesRejected             deviation = "goes on serving a rejected connection"
	diesOfLargeFrames          deviation = "dies of payloads that do not fit a frame"
	ignoresCredit              deviation = "ignores credit"
	errorOvertakesItems        deviation = "lets an error overtake items"
	mayLoseLastItem            deviation = "may lose the last item of a channel"
	mayLoseCredit              deviation = "may lose a grant"
	diesOfCancel               deviation = "dies when a responder cancels receiving"
	pushesOnStream             deviation = "pushes metadata on a stream"
	asksLeaseFirst             deviation = "looks for a lease on a connection that is over"
	knowsNoLeases              deviation = "knows no leases"
	grantsNothing              deviation = "grants no leases"
	diesOfLease                deviation = "gives up the connection on a lease"
	knowsNoResume              deviation = "knows no resumption"
	keepsNoFrames              deviation = "keeps nothing to send it again"
	losesAfterResume           deviation = "may lose what follows RESUME_OK"
	forgetsPositions           deviation = "resumes from the beginning"
	refusesResumeAsUnsupported deviation = "refuses resumption as unsupported"
)

type deviating struct {
	who      peer
	as       role
	scenario string
	what     deviation
	does     string
}

var deviations = []deviating{
	{rsocketGo, asClient, "echo", dropsEmptyMetadata,
		"sends metadata only when it has a byte at least, so that empty metadata arrives as none"},
	{rsocketGo, asServer, "echo", dropsEmptyMetadata,
		"answers with metadata only when it has a byte at least, so that empty metadata comes back as none"},
	{rsocketGo, asClient, "cancel", sendsNoCancel,
		"cancelling the subscription of a request-response in flight, or ending its context, sends nothing; " +
			"the mono notes the cancellation and looks at it when the answer comes"},
	{rsocketGo, asClient, "rejected", racesRejection,
		"a request in flight when the rejection arrives fails with its code and message; one made a moment later fails " +
			"with `socket closed already` and no code, and one made in between panics because its pool is closed"},
	{rsocketRust, asClient, "cancel", sendsNoCancel,
		"dropping a request-response's future sends nothing"},
	{rsocketRust, asServer, "cancel", hearsNoCancel,
		"a CANCEL for a request-response, or the connection's end, leaves the handler's future running for ever"},
	{rsocketRust, asClient, "loss", hangsAfterLoss,
		"requests in flight when the connection ends are never completed"},
	{rsocketRust, asClient, "rejected", hidesRejection,
		"drops an ERROR on stream 0, so that a request on the rejected connection never ends"},
	{rsocketRust, asServer, "rejected", servesRejected,
		"sends REJECTED_SETUP and keeps the connection: requests on it get the application error UNIMPLEMENT"},
	{rsocketRust, asClient, "large", diesOfLargeFrames,
		"fragments only when told a size; a payload over 24 bits panics its writing task, and the request never ends"},
	{rsocketRust, asServer, "large", diesOfLargeFrames,
		"fragments only when told a size; a payload over 24 bits panics its writing task, and the answer never comes"},
	{rsocketGo, asServer, "stream-error", errorOvertakesItems,
		"an error is sent when it happens, and the items that wait for credit then are dropped"},
	{rsocketGo, asServer, "channel", mayLoseLastItem,
		"asks for an item before it counts it as asked for; one that comes in between waits for the next to come, and the " +
			"requester's completion drops it"},
	{rsocketGo, asServer, "stream", mayLoseCredit,
		"may miss a REQUEST_N that comes while it sends an item, whoever the client is, so that a stream stops for good; on a " +
			"busy machine about one in fifty does that asks for a thousand items one by one"},
	{rsocketGo, asClient, "channel", diesOfCancel,
		"a CANCEL for a channel of its own panics the program"},
	{rsocketRust, asClient, "stream", ignoresCredit,
		"asks for 2^31-1 items, whatever is taken of them, and sends a channel's items without being asked"},
	{rsocketRust, asServer, "stream", ignoresCredit,
		"looks neither at the initial request n nor at REQUEST_N: it sends until it is cancelled"},
	{rsocketRust, asClient, "push", pushesOnStream,
		"sends METADATA_PUSH with a stream id of its own and without the metadata flag, which is to be ignored"},
	{rsocketGo, asClient, "lease", asksLeaseFirst,
		"a request after a rejected setup that proposed leases fails for want of a lease, without the code"},
	{rsocketGo, asClient, "lease", grantsNothing,
		"proposes leases and honors the server's, and has no way to send one of its own, as a client has to"},
	{rsocketGo, asServer, "lease", diesOfLease,
		"has no handler for a client's LEASE, and ends the connection with that error"},
	{rsocketRust, asClient, "lease", knowsNoLeases,
		"has no way to propose leases"},
	{rsocketRust, asServer, "lease", knowsNoLeases,
		"accepts a SETUP that proposes leases and never sends one, so that the client has to wait for ever"},
	{rsocketGo, asClient, "resume", keepsNoFrames,
		"says in RESUME that it has nothing that it could send again, so that it is turned away unless all that it sent has " +
			"arrived; what it is to send without a transport it drops, and with a stream under way it may never dial again"},
	{rsocketGo, asClient, "resume", losesAfterResume,
		"begins to listen to its streams when it has seen RESUME_OK, and drops what has come behind it by then, so that a " +
			"stream may complete with its items missing"},
	{rsocketGo, asServer, "resume", forgetsPositions,
		"answers RESUME with position 0 whatever it has received, so that all that the client still has is served again, and " +
			"sends nothing again; and it knows a session only when the transport before has ended"},
	{rsocketGo, asServer, "resume", refusesResumeAsUnsupported,
		"turns away a client that proposes resumption with UNSUPPORTED_SETUP"},
	{rsocketRust, asClient, "resume", knowsNoResume,
		"has no way to propose resumption"},
	{rsocketRust, asServer, "resume", knowsNoResume,
		"accepts a SETUP that proposes resumption, and never answers a RESUME"},
}

func (p peer) deviates(as role, what deviation) bool {
	for _, d := range deviations {
		if d.who == p && d.as == as && d.what == what {
			return true
		}
	}
	return false
}

// deviates says whether one end of the pair has the deviation.
func (p pair) deviates(what deviation) bool {
	return p.client.deviates(asClient, what) || p.server.deviates(asServer, what)
}
