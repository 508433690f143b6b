// Command rsocket-go is an interop peer over github.com/rsocket/rsocket-go. Its contract is tests/peers/README.md.
package main

import (
	"fmt"
	"os"
)

const usage = `usage: rsocket-go server [--listen URL]
       rsocket-go client --connect URL --scenario NAME [flags]`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rsocket-go:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no subcommand\n%s", usage)
	}
	switch args[0] {
	case "server":
		return runServer(args[1:])
	case "client":
		return runClient(args[1:])
	default:
		return fmt.Errorf("unknown subcommand %q\n%s", args[0], usage)
	}
}
