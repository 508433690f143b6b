package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// talk is the whole demonstration.
func talk(ctx context.Context, url string, certificates folder, out io.Writer) error {
	conn, err := dial(ctx, url, certificates)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := ask(ctx, conn, out); err != nil {
		return err
	}
	before := serial(conn)

	if err := stranger(ctx, url, certificates, out); err != nil {
		return err
	}

	// Some other program would do this, a month before the certificate expires.
	if err := certificates.renew("server"); err != nil {
		return err
	}
	renewed, err := dial(ctx, url, certificates)
	if err != nil {
		return err
	}
	defer renewed.Close()
	fmt.Fprintln(out, "client: the server shows another certificate:", serial(renewed) != before)
	return ask(ctx, conn, out) // The first connection has not noticed.
}

// greet is a client and nothing else.
func greet(ctx context.Context, url string, certificates folder, out io.Writer) error {
	conn, err := dial(ctx, url, certificates)
	if err != nil {
		return err
	}
	defer conn.Close()
	return ask(ctx, conn, out)
}

// dial trusts the authority, and shows the client's certificate.
func dial(ctx context.Context, url string, certificates folder) (*rsocket.Conn, error) {
	files := rsocket.WithTLSFiles(certificates.authority(), certificates.certificate("client"), certificates.key("client"))
	conn, err := rsocket.Dial(ctx, url, files)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", url, err)
	}
	return conn, nil
}

func ask(ctx context.Context, conn *rsocket.Conn, out io.Writer) error {
	answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("who am I?", ""))
	if err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	fmt.Fprintln(out, "client:", answer.GetDataAsString())
	return nil
}

// serial tells certificates apart.
func serial(conn *rsocket.Conn) string {
	state, _ := conn.TLS()
	return state.PeerCertificates[0].SerialNumber.String()
}

// stranger has no certificate. A client hears of that only after its part of the handshake, so as the end of the
// connection.
func stranger(ctx context.Context, url string, certificates folder, out io.Writer) error {
	conn, err := rsocket.Dial(ctx, url, rsocket.WithTLSFiles(certificates.authority(), "", ""))
	if err == nil {
		defer conn.Close()
		_, err = conn.RequestResponse(ctx, rsocket.NewPayload("let me in", ""))
	}
	if !errors.Is(err, rsocket.ErrTLSCertificateMissing) {
		return fmt.Errorf("a stranger is not turned away as such: %w", err)
	}
	fmt.Fprintln(out, "client: a stranger is not let in, and knows why")
	return nil
}
