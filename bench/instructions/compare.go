package main

import (
	"errors"
	"fmt"
	"io"
)

// allowed is by how much a figure may grow unnoticed.
const allowed = 0.05

// compare prints what was measured beside what is kept. It is an error that something has grown by more than allowed, that more is
// allocated, or that there is nothing to compare it with.
func compare(kept, measured figures, out io.Writer) error {
	if kept.Architecture != measured.Architecture {
		return fmt.Errorf("the figures to compare with are of %s, not of %s", kept.Architecture, measured.Architecture)
	}
	if kept.Rustc != measured.Rustc {
		fmt.Fprintf(out, "note: the figures to compare with are of %s, this is %s\n", kept.Rustc, measured.Rustc)
	}
	var failed error
	for _, script := range scripts {
		before, now := kept.Instructions[script], measured.Instructions[script]
		if before <= 0 || now <= 0 {
			failed = errors.Join(failed, fmt.Errorf("%s: %g instructions, %g kept", script, now, before))
			continue
		}
		change := now/before - 1
		allocationsBefore, allocationsNow := kept.Allocations[script], measured.Allocations[script]
		fmt.Fprintf(out, "%-24s %8.1f instructions, %+.1f %%; %.1f allocations\n", script, now, 100*change, allocationsNow)
		if allocationsNow > allocationsBefore {
			failed = errors.Join(failed, fmt.Errorf("%s allocates %g times a request, and %g times before", script, allocationsNow, allocationsBefore))
		}
		if now > before*(1+allowed) {
			failed = errors.Join(failed, fmt.Errorf("%s has grown by %.1f %%, from %g to %g instructions; if that is meant, keep it with -write",
				script, 100*change, before, now))
		}
	}
	return failed
}
