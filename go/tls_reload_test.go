package rsocket_test

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// shown is the certificate that a server shows to a client that has no session with it.
func shown(t testing.TB, url string, trusts rsocket.Option) []byte {
	t.Helper()
	conn := dial(t, url, trusts)
	defer conn.Close()
	checkEcho(t, conn)
	state, ok := conn.TLS()
	if !ok {
		t.Fatal("not secure")
	}
	return state.PeerCertificates[0].Raw
}

func der(t testing.TB, i identity) []byte {
	t.Helper()
	block, _ := pem.Decode(i.cert)
	return block.Bytes
}

func TestTLSFilesAreReadAgainWhenTheyChange(t *testing.T) {
	ca := newAuthority(t, "CA")
	before, after := ca.issue(loopback), ca.issue(loopback)
	files := newFiles(t, ca.pem, before)
	url := listenSecurely(t, rsocket.WithTLSFiles("", files.cert, files.key))
	open := dial(t, url, ca.trusts())
	if !bytes.Equal(shown(t, url, ca.trusts()), der(t, before)) {
		t.Error("another certificate than that of the file")
	}
	files.write(t, after)
	if !bytes.Equal(shown(t, url, ca.trusts()), der(t, after)) {
		t.Error("the former certificate")
	}
	checkEcho(t, open)
}

func TestTLSFilesAreReadAgainWhenTheyAreReplaced(t *testing.T) {
	ca := newAuthority(t, "CA")
	before, after := ca.issue(loopback), ca.issue(loopback)
	// As Kubernetes does it: the folder is a link.
	dir := t.TempDir()
	old, fresh := newFiles(t, ca.pem, before), newFiles(t, ca.pem, after)
	link := filepath.Join(dir, "current")
	if err := os.Symlink(filepath.Dir(old.cert), link); err != nil {
		t.Skipf("no links here: %v", err)
	}
	files := files{cert: filepath.Join(link, "cert.pem"), key: filepath.Join(link, "key.pem")}
	url := listenSecurely(t, rsocket.WithTLSFiles("", files.cert, files.key))
	if !bytes.Equal(shown(t, url, ca.trusts()), der(t, before)) {
		t.Error("another certificate than that of the file")
	}
	next := filepath.Join(dir, "next")
	if err := errors.Join(os.Symlink(filepath.Dir(fresh.cert), next), os.Rename(next, link)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(shown(t, url, ca.trusts()), der(t, after)) {
		t.Error("the former certificate")
	}
}

func TestTLSFilesThatCannotBeUsedChangeNothing(t *testing.T) {
	ca := newAuthority(t, "CA")
	server, client := ca.issue(loopback), ca.issue("client.example")
	trusted := rsocket.WithTLSPEM(ca.pem, client.cert, client.key)
	for name, spoil := range map[string]func(files) error{
		"half a certificate": func(f files) error { return os.WriteFile(f.cert, server.cert[:100], 0o600) },
		"another's key":      func(f files) error { return os.WriteFile(f.key, client.key, 0o600) },
		"no certificate":     func(f files) error { return os.Remove(f.cert) },
		"an empty key":       func(f files) error { return os.Truncate(f.key, 0) },
		"empty authorities":  func(f files) error { return os.Truncate(f.ca, 0) },
		"all empty": func(f files) error {
			return errors.Join(os.Truncate(f.ca, 0), os.Truncate(f.cert, 0), os.Truncate(f.key, 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := newFiles(t, ca.pem, server)
			seen, logger := newReasons()
			url := listenSecurely(t, rsocket.WithTLSFiles(files.ca, files.cert, files.key), logger)
			if err := spoil(files); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(shown(t, url, trusted), der(t, server)) {
				t.Error("another certificate")
			}
			if err := await(t, seen); err == nil {
				t.Error("nobody is told")
			}
			// Nobody gets in who would not have before.
			conn, err := rsocket.Dial(testContext(t), url, ca.trusts())
			if err == nil {
				await(t, conn.Done())
				err = conn.Err()
			}
			if !errors.Is(err, rsocket.ErrTLSCertificateMissing) {
				t.Errorf("without a certificate: %v", err)
			}
			// They are healed.
			healed := ca.issue(loopback)
			writeFile(t, files.ca, ca.pem)
			files.write(t, healed)
			if !bytes.Equal(shown(t, url, rsocket.WithTLSPEM(ca.pem, client.cert, client.key)), der(t, healed)) {
				t.Error("the former certificate")
			}
		})
	}
}

func TestTLSClientsDialWithNewFiles(t *testing.T) {
	ca, next := newAuthority(t, "CA"), newAuthority(t, "next")
	files := newFiles(t, ca.pem, ca.issue("client.example"))
	option := rsocket.WithTLSFiles(files.ca, files.cert, files.key)
	for _, authority := range []authority{ca, next} {
		server := authority.issue(loopback)
		url := listenSecurely(t, rsocket.WithTLSPEM(authority.pem, server.cert, server.key))
		writeFile(t, files.ca, authority.pem)
		files.write(t, authority.issue("client.example"))
		checkEcho(t, dial(t, url, option))
	}
}

func TestTLSReloadsUnderLoad(t *testing.T) {
	ca := newAuthority(t, "CA")
	identities := []identity{ca.issue(loopback), ca.issue(loopback)}
	files := newFiles(t, ca.pem, identities[0])
	url := listenSecurely(t, rsocket.WithTLSFiles("", files.cert, files.key))
	steady := dial(t, url, ca.trusts())
	stop := make(chan struct{})
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				conn, err := rsocket.Dial(testContext(t), url, ca.trusts())
				if err != nil {
					t.Errorf("dial: %v", err)
					return
				}
				if _, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("x", "")); err != nil {
					t.Errorf("request: %v", err)
				}
				_ = conn.Close()
			}
		})
	}
	for i := range 200 {
		files.write(t, identities[i%2])
		if _, err := steady.RequestResponse(testContext(t), rsocket.NewPayload("x", "")); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	work.Wait()
	files.write(t, identities[0])
	if !bytes.Equal(shown(t, url, ca.trusts()), der(t, identities[0])) {
		t.Error("another certificate than that of the file")
	}
}

func TestTLSConfigsOwnCallbacksChangeCertificates(t *testing.T) {
	ca := newAuthority(t, "CA")
	certificates := make(chan identity, 2)
	server := rsocket.WithTLS(&tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			next := <-certificates
			pair, err := tls.X509KeyPair(next.cert, next.key)
			return &pair, err
		},
	})
	url := listenSecurely(t, server)
	for range 2 {
		next := ca.issue(loopback)
		certificates <- next
		if !bytes.Equal(shown(t, url, ca.trusts()), der(t, next)) {
			t.Error("another certificate")
		}
	}
}

func TestTLSChangedAuthoritiesEndSessions(t *testing.T) {
	ca, next := newAuthority(t, "CA"), newAuthority(t, "next")
	server, client := ca.issue(loopback), ca.issue("client.example")
	files := newFiles(t, ca.pem, server)
	url := listenSecurely(t, rsocket.WithTLSFiles(files.ca, files.cert, files.key))
	pool := ca.pool()
	option := rsocket.WithTLS(&tls.Config{RootCAs: pool, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair := client.pair(t)
		return &pair, nil
	}})
	checkEcho(t, dial(t, url, option))
	writeFile(t, files.ca, next.pem)
	conn, err := rsocket.Dial(testContext(t), url, option)
	if err == nil {
		await(t, conn.Done())
		err = conn.Err()
	}
	if !errors.Is(err, rsocket.ErrTLSCertificateRefused) {
		t.Errorf("a client of the former authority: %v", err)
	}
}
