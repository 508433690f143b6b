package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// talk asks the server at url for items and prints them.
func talk(ctx context.Context, url string, settings settings, out io.Writer) error {
	conn, err := rsocket.Dial(ctx, url)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", url, err)
	}
	defer conn.Close()

	request := rsocket.NewPayload(strconv.Itoa(settings.items), "")
	received := 0
	for item, err := range conn.RequestStream(ctx, request, rsocket.WithPrefetch(settings.prefetch)) {
		if err != nil {
			return fmt.Errorf("after %d items: %w", received, err)
		}
		received++
		fmt.Fprintf(out, "client: item %d is %q\n", received, item.GetDataAsString())
		if received == settings.take {
			fmt.Fprintln(out, "client: leaving the loop, which cancels the stream")
			return nil
		}
	}
	fmt.Fprintf(out, "client: complete after %d items\n", received)
	return nil
}
