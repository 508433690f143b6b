package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificates is a folder with an authority's certificate, and those of a server and a client that it has signed.
type certificates string

func newCertificates(t *testing.T) certificates {
	t.Helper()
	c := certificates(t.TempDir())
	authority, key := certificateFor("authority"), newKey(t)
	authority.IsCA, authority.BasicConstraintsValid = true, true
	authority.KeyUsage = x509.KeyUsageCertSign
	c.write(t, "authority", authority, authority, key, key)
	for _, name := range []string{"server", "client"} {
		template := certificateFor(name)
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		c.write(t, name, template, authority, newKey(t), key)
	}
	return c
}

// flags are what a peer's program is told of its certificate, and of whose it trusts.
func (c certificates) flags(name string) []string {
	return []string{
		"--tls-ca", c.file("authority.pem"),
		"--tls-cert", c.file(name + ".pem"),
		"--tls-key", c.file(name + "-key.pem"),
	}
}

func (c certificates) file(name string) string { return filepath.Join(string(c), name) }

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("making a key: %v", err)
	}
	return key
}

func certificateFor(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func (c certificates) write(t *testing.T, name string, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) {
	t.Helper()
	certificate, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatalf("making a certificate: %v", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatalf("encoding a key: %v", err)
	}
	err = errors.Join(
		os.WriteFile(c.file(name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600),
		os.WriteFile(c.file(name+"-key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
	)
	if err != nil {
		t.Fatalf("writing a certificate: %v", err)
	}
}
