package rsocket

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The defaults of [ReconnectPolicy].
const (
	defaultDialTimeout = 10 * time.Second
	defaultStableAfter = 10 * time.Second
)

// ReconnectPolicy says how a [Reconnector] goes about it. The zero value tries for ever, with the default backoff, and
// repeats nothing. A zero field means its default.
type ReconnectPolicy struct {
	// Backoff says how long to wait before each attempt but the very first.
	Backoff Backoff
	// MaxAttempts is how many attempts in a row may fail before the reconnector gives up, the very first included.
	// Default 0: it never does.
	MaxAttempts int
	// DialTimeout is how long one attempt may take. Default 10 s.
	DialTimeout time.Duration
	// StableAfter is how long a connection has to last to count as a success: the attempts and the backoff begin anew
	// after it. An attempt that leads to a shorter one counts as failed, so that a server that accepts connections and
	// drops them is not dialled ever again at the shortest delay. Default 10 s.
	StableAfter time.Duration
	// RetryRejectedSetup goes on when the server rejects the setup (INVALID_SETUP, UNSUPPORTED_SETUP, REJECTED_SETUP).
	// Default false: the reconnector gives up, as the same setup is likely to be rejected again.
	RetryRejectedSetup bool

	// RetryUnsent lets requests wait for the next connection that find none, and those of which nothing was handed to
	// the transport when theirs was lost. What was or may have been sent is never repeated. Default false: they fail
	// with [ErrNotConnected]. [AllowRetry] and [ForbidRetry] decide for single requests.
	RetryUnsent bool

	// OnEvent is told what happens, one event after the other, in order, on a goroutine of its own: it delays neither
	// the connection nor the reconnecting. Up to 128 events wait for it; beyond them the oldest are dropped, and
	// [ConnEvent.Missed] tells. It must not call [Reconnector.Close] or [Reconnector.Shutdown], which wait for it.
	// Default: nobody is told.
	OnEvent func(ConnEvent)
}

// check says what is wrong with the fields that are set.
func (p ReconnectPolicy) check() error {
	switch {
	case p.MaxAttempts < 0:
		return fmt.Errorf("%w: MaxAttempts of %d is negative", ErrInvalidArgument, p.MaxAttempts)
	case p.DialTimeout < 0:
		return fmt.Errorf("%w: DialTimeout of %v is negative", ErrInvalidArgument, p.DialTimeout)
	case p.StableAfter < 0:
		return fmt.Errorf("%w: StableAfter of %v is negative", ErrInvalidArgument, p.StableAfter)
	default:
		return p.Backoff.check()
	}
}

func (p ReconnectPolicy) withDefaults() ReconnectPolicy {
	p.Backoff = p.Backoff.withDefaults()
	orDefault(&p.DialTimeout, defaultDialTimeout)
	orDefault(&p.StableAfter, defaultStableAfter)
	return p
}

// verdict is why there will be no further attempt after one that ended with err, or nil.
func (p ReconnectPolicy) verdict(failed int, err error) error {
	switch {
	case errors.Is(err, ErrInvalidArgument), errors.Is(err, ErrRejectedSetup) && !p.RetryRejectedSetup:
		return fmt.Errorf("rsocket: not connecting again: %w", err)
	case p.MaxAttempts > 0 && failed >= p.MaxAttempts:
		return fmt.Errorf("rsocket: gave up after %d attempts to connect: %w", failed, err)
	default:
		return nil
	}
}

// retryKey finds what a context says about sending again.
type retryKey struct{}

// AllowRetry returns a context with which a [Reconnector]'s request that was not sent for want of a connection waits for
// the next one, whatever [ReconnectPolicy.RetryUnsent] says. The wait ends with the context.
func AllowRetry(ctx context.Context) context.Context {
	return context.WithValue(ctx, retryKey{}, true)
}

// ForbidRetry returns a context with which a [Reconnector]'s request fails at once when there is no connection, whatever
// [ReconnectPolicy.RetryUnsent] says.
func ForbidRetry(ctx context.Context) context.Context {
	return context.WithValue(ctx, retryKey{}, false)
}

// mayRetry reports whether a request that was not sent may be sent on the next connection.
func (p ReconnectPolicy) mayRetry(ctx context.Context) bool {
	if said, ok := ctx.Value(retryKey{}).(bool); ok {
		return said
	}
	return p.RetryUnsent
}
