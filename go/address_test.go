package rsocket_test

import (
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// What is wrong with a URL is said, and a password is not.
func TestURLsThatCannotBeUsed(t *testing.T) {
	for url, want := range map[string]string{
		"":                         "no scheme",
		"localhost":                "no scheme",
		"127.0.0.1:7878":           "did you mean tcp://127.0.0.1:7878?",
		"localhost:7878":           "did you mean tcp://localhost:7878?",
		"/run/socket":              "no scheme",
		"unix:/run/socket":         "no scheme",
		"://":                      "not a URL: missing protocol scheme",
		"://localhost:1":           "not a URL: missing protocol scheme",
		"gopher://localhost:70":    `"gopher", which is none of ` + rsocket.GetSupportedTransports(),
		"http://localhost":         `"http", which is none of`,
		"wsss://localhost":         `"wsss", which is none of`,
		"tcp://":                   "no port",
		"tcp://localhost":          "no port",
		"tcp://localhost:":         "no port",
		"tls://[::1]":              "no port",
		"tcp://localhost:http":     `invalid port ":http"`,
		"tcp://localhost:-1":       `invalid port ":-1"`,
		"tcp://localhost:65536":    "port 65536, which is above 65535",
		"ws://localhost:99999/":    "port 99999, which is above 65535",
		"ws://localhost:/":         "a colon and no port",
		"tcp://localhost:1/path":   "a path, which tcp has no use for",
		"tls://localhost:1/path":   "a path, which tls has no use for",
		"tcp://localhost:1?query":  "a query, which tcp has no use for",
		"tcp://localhost:1?":       "a query, which tcp has no use for",
		"tcp://localhost:1#there":  "a fragment",
		"ws://localhost/#there":    "a fragment",
		"ws://localhost/#":         "a fragment",
		"unix:///run/a#b":          "a fragment",
		"tcp://me:secret@host:1":   "user info",
		"ws://me:secret@host/":     "user info",
		"wss://secret@host/":       "user info",
		"unix://me:secret@/path":   "user info",
		"tcp://me:secret@host:x":   "not a URL",
		"tcp://me:sec ret@host:1":  "a space",
		"tcp://me:secret/@host:1":  "not a URL",
		"tcp://me:secret%@host:1":  "not a URL",
		"gopher://me:secret@host":  "user info",
		"tcp://local host:1":       "a space",
		"tcp://localhost:1 ":       "a space",
		"ws://localhost/a b":       "a space",
		"unix:///run/a b":          "a space",
		"tcp://local\nhost:1":      "a space",
		"tcp://::1:80":             "IPv6 address without brackets",
		"ws://fe80::1/path":        "IPv6 address without brackets",
		"tcp://[::1:80":            "missing ']' in host",
		"tcp://[127.0.0.1]:80":     "is not a URL",
		"tcp://[localhost]:80":     "is not a URL",
		"tcp://[fe80::1%lo]:80":    "invalid URL escape",
		"tcp://local%20host:80":    "invalid URL escape",
		"tcp://local\x00host:80":   "invalid control character",
		"ws://":                    "no host",
		"ws:///path":               "no host",
		"ws://:80/path":            "no host",
		"unix://":                  "no path",
		"unix:///":                 "no path",
		"unix://run/socket":        "a third slash",
		"unix:///run/a?b":          "? is written %3F",
		"unix:///run/%zz":          `invalid URL escape "%zz"`,
		"unix:///run/a%00b":        "a zero byte",
		"unix:///run/" + long(200): "a path of 205 bytes",
	} {
		_, err := rsocket.Dial(testContext(t), url)
		if !errors.Is(err, rsocket.ErrInvalidArgument) || !strings.Contains(err.Error(), want) {
			t.Errorf("dial %q: %v; it does not say %q", url, err, want)
		}
		if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "ret") {
			t.Errorf("dial %q: %v; it tells a secret", url, err)
		}
		if listener, again := rsocket.Listen(testContext(t), url); again == nil || again.Error() != err.Error() {
			t.Errorf("listen at %q: %v, %v", url, listener, again)
		}
	}
}

func TestAnAddressThatIsTakenIsToldAsSuch(t *testing.T) {
	for scheme := range schemes {
		url := scheme + "://127.0.0.1:0"
		var opts []rsocket.Option
		if scheme == "tls" || scheme == "wss" {
			opts = secureEnds(t).server
		}
		listener, err := rsocket.Listen(testContext(t), url, opts...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = rsocket.Listen(testContext(t), urlOf(url, listener), opts...)
		if !errors.Is(err, rsocket.ErrAddressInUse) {
			t.Errorf("%s: %v", scheme, err)
		}
		_ = listener.Close()
	}
}

func TestSupportedTransportsAreThoseOfDialAndListen(t *testing.T) {
	supported := strings.Split(rsocket.GetSupportedTransports(), ",")
	if known := slices.Sorted(maps.Keys(listening)); !slices.Equal(supported, known) {
		t.Errorf("%q are supported, %q are tested", supported, known)
	}
	for _, name := range supported {
		url, told := listening[name](t)
		checkEcho(t, dial(t, listenAndServe(t, url, rsocket.Handler{RequestResponse: echo}, told.server...), told.client...))
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestURLsSayWhereToListen(t *testing.T) {
	folder := shortFolder(t)
	for url, want := range map[string]string{
		"tcp://127.0.0.1:0":               "127.0.0.1:",
		"TCP://127.0.0.1:0/":              "127.0.0.1:",
		"tcp://:0":                        "[::]:",
		"tcp://[::1]:0":                   "[::1]:",
		"ws://[::1]:0/path":               "[::1]:",
		"unix://" + folder + "/a%20b%3Fc": folder + "/a b?c",
		"unix://" + folder + "/a@b:c":     folder + "/a@b:c",
		"unix://" + folder + "/%E2%9C%93": folder + "/✓",
	} {
		if strings.HasPrefix(want, "[") && !hasIPv6() {
			continue
		}
		listener, err := rsocket.Listen(testContext(t), url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if address := listener.Addr().String(); !strings.HasPrefix(address, want) {
			t.Errorf("%s listens at %s", url, address)
		}
		_ = listener.Close()
	}
}

// hasIPv6 tells whether this system has a loopback address of IPv6.
func hasIPv6() bool {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	_ = listener.Close()
	return true
}
