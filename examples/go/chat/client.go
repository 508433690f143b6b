package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// chat says the lines of stdin to the room at url and prints what the others say. It leaves at the end of stdin.
func chat(ctx context.Context, url, name string, stdin io.Reader, stdout io.Writer) error {
	conn, err := rsocket.Dial(ctx, url)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", url, err)
	}
	defer conn.Close()
	for heard, err := range conn.RequestChannel(ctx, nameAndLines(name, stdin)) {
		if err != nil {
			return fmt.Errorf("chatting: %w", err)
		}
		fmt.Fprintln(stdout, heard.GetDataAsString())
	}
	return nil
}

// nameAndLines yields what a member sends: its name, and then what it says.
func nameAndLines(name string, stdin io.Reader) iter.Seq2[*rsocket.Payload, error] {
	return func(yield func(*rsocket.Payload, error) bool) {
		if !yield(rsocket.NewPayload(name, ""), nil) {
			return
		}
		lines := bufio.NewScanner(stdin)
		for lines.Scan() {
			if !yield(rsocket.NewPayload(lines.Text(), ""), nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(nil, fmt.Errorf("reading standard input: %w", err))
		}
	}
}
