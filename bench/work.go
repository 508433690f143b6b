package main

import (
	"fmt"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

// allocations is a workload of the harness's own: request-response of a fixed number, with the allocations counted.
const allocations = "allocations"

// work is what a client is to do.
type work struct {
	Workload    string `json:"workload"`
	Size        int    `json:"size"`
	InFlight    int    `json:"in_flight"`
	Connections int    `json:"connections"`
}

// String is how targets name it.
func (w work) String() string {
	return fmt.Sprintf("%s/%d/%dx%d", w.Workload, w.Size, w.InFlight, w.Connections)
}

func (w work) title() string {
	text := w.Workload
	if w.Workload != load.Dial && w.Workload != load.Idle {
		text += fmt.Sprintf(", %s, %d in flight", bytesText(float64(w.Size)), w.InFlight)
	}
	if w.Connections > 1 {
		text += fmt.Sprintf(", %d connections", w.Connections)
	}
	return text
}

// idleConnections is how many connections wait in the idle workload.
const idleConnections = 10_000

// allWorks is what is measured unless less is asked for.
func allWorks() []work {
	var all []work
	for _, size := range []int{64, 4 << 10, 64 << 10} {
		for _, inFlight := range []int{1, 16, 64, 256, 1024} {
			all = append(all, work{load.RequestResponse, size, inFlight, 1})
		}
		all = append(all, work{load.RequestResponse, size, 16, 64})
	}
	for _, size := range []int{64, 4 << 10} {
		all = append(all,
			work{load.FireAndForget, size, 16, 1},
			work{load.RequestStream, size, 1, 1},
			work{load.RequestStream, size, 16, 1},
			work{load.RequestChannel, size, 1, 1},
			work{allocations, size, 64, 1},
		)
	}
	return append(all,
		work{load.Mixed, 64, 16, 1},
		work{load.Dial, 64, 1, 1},
		work{load.Idle, 64, 1, idleConnections},
	)
}
