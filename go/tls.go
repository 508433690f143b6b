package rsocket

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// tlsSessions is how many servers' sessions a client keeps to resume.
const tlsSessions = 64

// WithTLS makes connections secure, with Go's own TLS and the program's config, which must not be changed afterwards.
//
// For clients that dial "tls://host:port" or "wss://host:port/path" it is needed where the system's authorities do not
// know the server, or the server wants a certificate. The server's certificate has to be for the URL's host, or the config's ServerName.
// Sessions are resumed among connections that are dialled with the same Option value.
//
// For servers the config needs a certificate. It goes to [Listen] with such a URL, or to [Serve], [NewServer] or
// [ServeConn], which then shake hands on transports that are not TLS yet. A certificate that is to change while the
// server runs comes from the config's GetCertificate, or from [WithTLSFiles].
//
// The handshake is bounded by [Limits].HandshakeTimeout, and holds up nobody else. Why it failed is among the ErrTLS
// errors.
func WithTLS(config *tls.Config) Option {
	if config == nil {
		return refuse("no TLS config")
	}
	return withTLS(givenTLS{client: forClients(config), server: config})
}

// WithTLSPEM is [WithTLS] for certificates and a key in PEM, and for "quic://host:port" too. ca has the authorities whose
// certificates are trusted; cert has the own certificate, followed by those that lead to its authority, and key its
// private key. Each may be nil: a client without ca trusts the system's authorities, and one without cert and key shows
// none; a server without ca wants no certificate of its clients (with it, clients have to show one), and needs cert and
// key.
func WithTLSPEM(ca, cert, key []byte) Option {
	made, err := newTLSMaterial(tlsPEM{ca, cert, key})
	if err != nil {
		return refuse(err.Error())
	}
	return withTLS(&madeTLS{
		current: func() (*tlsMaterial, error) { return made, nil },
		cache:   tls.NewLRUClientSessionCache(tlsSessions),
	})
}

// WithTLSFiles is [WithTLSPEM] for files, of which each may be "". They are read again when they have changed: a server
// shows its new certificate to whom it shakes hands with from then on, and clients that dial again do so too.
// Connections that are open are not affected. Files that cannot be used, as they are being replaced, leave everything
// as it was.
func WithTLSFiles(ca, cert, key string) Option {
	files := newTLSFiles(ca, cert, key)
	return func(s *settings) error {
		if material, err := files.current(); material == nil {
			return fmt.Errorf("%w: %w", ErrInvalidArgument, err)
		}
		s.tls = files.source
		return nil
	}
}

func withTLS(source tlsSource) Option {
	return func(s *settings) error {
		s.tls = source
		return nil
	}
}

func refuse(reason string) Option {
	return func(*settings) error {
		return fmt.Errorf("%w: %s", ErrInvalidArgument, reason)
	}
}

// tlsSource has a config for each handshake. Beside a config there may be an error, which says why it is not a newer
// one.
type tlsSource interface {
	clientConfig() (*tls.Config, error)
	serverConfig() (*tls.Config, error)
}

// givenTLS is the program's own config.
type givenTLS struct {
	client, server *tls.Config
}

func (g givenTLS) clientConfig() (*tls.Config, error) { return g.client, nil }

func (g givenTLS) serverConfig() (*tls.Config, error) {
	c := g.server
	if len(c.Certificates) == 0 && c.GetCertificate == nil && c.GetConfigForClient == nil {
		return nil, errNoServerCertificate
	}
	return c, nil
}

// forClients is a config whose sessions are resumed.
func forClients(config *tls.Config) *tls.Config {
	config = config.Clone()
	if config.ClientSessionCache == nil {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(tlsSessions)
	}
	return config
}

// madeTLS makes configs of certificates.
type madeTLS struct {
	current func() (*tlsMaterial, error)
	// changes: current may give something else later.
	changes bool
	cache   tls.ClientSessionCache
}

func (m *madeTLS) clientConfig() (*tls.Config, error) {
	material, err := m.current()
	if material == nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:                  tls.VersionTLS12,
		RootCAs:                     material.authorities,
		Certificates:                material.certificates,
		ClientSessionCache:          m.cache,
		DynamicRecordSizingDisabled: true, // Batches are written at once, so short records would only cost.
	}, err
}

func (m *madeTLS) serverConfig() (*tls.Config, error) {
	material, err := m.current()
	switch {
	case material == nil:
		return nil, err
	case len(material.certificates) == 0:
		return nil, errNoServerCertificate
	}
	return material.server, err
}

// systemTLS is for clients that are given no option: the system's authorities, and no certificate to show.
func systemTLS() tlsSource {
	return givenTLS{client: forClients(&tls.Config{MinVersion: tls.VersionTLS12, DynamicRecordSizingDisabled: true}), server: &tls.Config{}}
}

var errNoServerCertificate = fmt.Errorf("%w: a TLS server needs a certificate and its key", ErrInvalidArgument)

// tlsPEM is what [WithTLSPEM] takes. What is empty without being nil is an error, as nothing may go unprotected because
// a file has lost its content.
type tlsPEM struct {
	ca, cert, key []byte
}

// tlsMaterial is what PEM texts say.
type tlsMaterial struct {
	pem tlsPEM
	// authorities is nil where none are given.
	authorities *x509.CertPool
	// certificates is the own one, if there is one.
	certificates []tls.Certificate
	// server is one config for all handshakes, since it has the keys of resumed sessions.
	server *tls.Config
}

func newTLSMaterial(pem tlsPEM) (*tlsMaterial, error) {
	m := &tlsMaterial{pem: pem}
	if pem.ca != nil {
		m.authorities = x509.NewCertPool()
		if !m.authorities.AppendCertsFromPEM(pem.ca) {
			return nil, errors.New("the authorities have no certificate that can be read")
		}
	}
	if pem.cert != nil || pem.key != nil {
		pair, err := tls.X509KeyPair(pem.cert, pem.key)
		if err != nil {
			return nil, fmt.Errorf("the certificate and its key cannot be used: %w", err)
		}
		m.certificates = []tls.Certificate{pair}
	}
	m.server = &tls.Config{
		MinVersion:                  tls.VersionTLS12,
		Certificates:                m.certificates,
		DynamicRecordSizingDisabled: true,
	}
	if m.authorities != nil {
		m.server.ClientCAs = m.authorities
		m.server.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return m, nil
}
