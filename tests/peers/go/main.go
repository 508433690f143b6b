// Command go is an interop peer over our Go package. Its contract is tests/peers/README.md.
package main

import (
	"fmt"
	"os"
)

const usage = `usage: ours-go server [--listen URL]
       ours-go client --connect URL --scenario NAME [flags]`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ours-go:", err)
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
