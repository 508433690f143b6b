// Package fairness holds what streams that share a connection owe each other: a small request is answered soon, however
// much is being sent beside it, in either direction, and whoever else does not read.
//
// The rule is shown without a clock in rust/protocol/tests/fairness. Here it is measured, on sockets: a test compares
// medians of the same run, generously, and logs what it saw (go test -v).
package fairness
