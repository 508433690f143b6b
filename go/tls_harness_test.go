package rsocket_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// authority signs what a test wants.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t testing.TB, name string) authority {
	t.Helper()
	a := authority{t: t, key: newKey(t)}
	der, err := x509.CreateCertificate(rand.Reader, caTemplate(name), caTemplate(name), a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = encodePEM("CERTIFICATE", der)
	return a
}

func caTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// identity is a certificate and its key.
type identity struct {
	cert, key []byte
}

// issue makes a certificate for a host that is valid now.
func (a authority) issue(host string) identity {
	return a.issueFor(host, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

func (a authority) issueFor(host string, from, until time.Time) identity {
	a.t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: host},
		NotBefore:    from,
		NotAfter:     until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	key := newKey(a.t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return identity{encodePEM("CERTIFICATE", der), encodePEM("PRIVATE KEY", keyDER)}
}

func (i identity) pair(t testing.TB) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(i.cert, i.key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// loopback is the host of the tests' servers.
const loopback = "127.0.0.1"

// serves is a server's option that shows this certificate.
func (i identity) serves() rsocket.Option {
	return rsocket.WithTLSPEM(nil, i.cert, i.key)
}

// pool is the authority for configs of crypto/tls.
func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// trusts is a client's option that trusts the authority and shows nothing.
func (a authority) trusts() rsocket.Option {
	return rsocket.WithTLSPEM(a.pem, nil, nil)
}

// listenSecurely serves echo and returns the address to dial.
func listenSecurely(t testing.TB, opts ...rsocket.Option) string {
	t.Helper()
	return serveSecurely(t, rsocket.Handler{RequestResponse: echo}, opts...)
}

func serveSecurely(t testing.TB, handler rsocket.Handler, opts ...rsocket.Option) string {
	t.Helper()
	return listenAndServe(t, "tls://"+loopback+":0", handler, opts...)
}

// checkEcho shows that a connection works.
func checkEcho(t testing.TB, conn *rsocket.Conn) {
	t.Helper()
	answer, err := conn.RequestResponse(testContext(t), rsocket.NewPayload("hello", "there"))
	if err != nil {
		t.Fatal(err)
	}
	if answer.GetDataAsString() != "hello" || answer.GetMetadataAsString() != "there" {
		t.Fatalf("the answer is %q, %q", answer.GetDataAsString(), answer.GetMetadataAsString())
	}
}

func writeFile(t testing.TB, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// files are an identity and an authority's certificate on disk.
type files struct{ ca, cert, key string }

func newFiles(t testing.TB, ca []byte, own identity) files {
	t.Helper()
	dir := t.TempDir()
	f := files{filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	writeFile(t, f.ca, ca)
	f.write(t, own)
	return f
}

func (f files) write(t testing.TB, own identity) {
	t.Helper()
	writeFile(t, f.cert, own.cert)
	writeFile(t, f.key, own.key)
}

// reasons collects what a server logs as reason.
type reasons chan error

func newReasons() (reasons, rsocket.Option) {
	r := make(reasons, 100)
	return r, rsocket.WithLogger(slog.New(r))
}

func (r reasons) Enabled(context.Context, slog.Level) bool { return true }
func (r reasons) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r reasons) WithGroup(string) slog.Handler            { return r }

func (r reasons) Handle(_ context.Context, record slog.Record) error {
	if !strings.HasPrefix(record.Message, "handshake") && !strings.HasPrefix(record.Message, "certificates") {
		return nil
	}
	record.Attrs(func(attr slog.Attr) bool {
		if err, ok := attr.Value.Any().(error); ok {
			select {
			case r <- err:
			default:
			}
		}
		return true
	})
	return nil
}
