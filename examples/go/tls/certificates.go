package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// folder has an authority's certificate and those that it has signed, as PEM. In earnest they come from a company's
// authority, and the authority's key is nowhere near.
type folder string

func (f folder) authority() string              { return filepath.Join(string(f), "ca.pem") }
func (f folder) authorityKey() string           { return filepath.Join(string(f), "ca-key.pem") }
func (f folder) certificate(name string) string { return filepath.Join(string(f), name+".pem") }
func (f folder) key(name string) string         { return filepath.Join(string(f), name+"-key.pem") }

// openFolder makes certificates where there are none. remove deletes a folder that is for this run only.
func openFolder(dir string) (f folder, remove func(), err error) {
	remove = func() {}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "rsocket-tls"); err != nil {
			return "", nil, err
		}
		remove = func() { _ = os.RemoveAll(dir) }
	}
	f = folder(dir)
	if _, err := os.Stat(f.authority()); !errors.Is(err, fs.ErrNotExist) {
		return f, remove, err
	}
	err = errors.Join(f.found(), f.renew("server"), f.renew("client"))
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("making certificates: %w", err)
	}
	return f, remove, nil
}

// found makes the authority.
func (f folder) found() error {
	template := certificateFor("an authority of this example")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return f.write(template, template, key, key, f.authority(), f.authorityKey())
}

// renew makes a certificate of that name, in place of the one that there may be.
func (f folder) renew(name string) error {
	authority, signer, err := f.load()
	if err != nil {
		return err
	}
	template := certificateFor(name)
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.DNSNames = []string{"localhost"}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return f.write(template, authority, key, signer, f.certificate(name), f.key(name))
}

func certificateFor(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(0, 3, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func (f folder) load() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certificate, err := readPEM(f.authority())
	if err != nil {
		return nil, nil, err
	}
	authority, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, nil, err
	}
	key, err := readPEM(f.authorityKey())
	if err != nil {
		return nil, nil, err
	}
	signer, err := x509.ParseECPrivateKey(key)
	return authority, signer, err
}

func readPEM(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is not PEM", name)
	}
	return block.Bytes, nil
}

func (f folder) write(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey, certificateFile, keyFile string) error {
	certificate, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600),
		os.WriteFile(certificateFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o644),
	)
}
