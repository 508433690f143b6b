package main

import "time"

// usage is what a process has used up to now.
type usage struct {
	cpu    time.Duration // of all its threads
	memory float64       // resident bytes
}
