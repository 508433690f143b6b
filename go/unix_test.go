//go:build unix

package rsocket_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	rsocket "github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/go"
)

// socketPath is where a test's server is to listen.
func socketPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(shortFolder(t), "s")
}

// abandonSocket leaves a socket behind, as a server does that is killed.
func abandonSocket(t *testing.T, path string) {
	t.Helper()
	server := foreignServer(t, path)
	server.SetUnlinkOnClose(false)
	_ = server.Close()
}

// foreignServer listens as programs do that know nothing of lock files.
func foreignServer(t *testing.T, path string) *net.UnixListener {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func TestASocketThatWasLeftBehindIsReplaced(t *testing.T) {
	for name, lock := range map[string]bool{"by another program": false, "by a server of ours": true} {
		t.Run(name, func(t *testing.T) {
			path := socketPath(t)
			abandonSocket(t, path)
			if lock {
				writeFile(t, path+".rsocket-lock", nil)
			}
			url := listenAndServe(t, "unix://"+path, rsocket.Handler{RequestResponse: echo})
			checkEcho(t, dial(t, url))
		})
	}
}

func TestALiveServersSocketIsLeftAlone(t *testing.T) {
	for name, start := range map[string]func(*testing.T, string){
		"ours": func(t *testing.T, path string) {
			listenAndServe(t, "unix://"+path, rsocket.Handler{RequestResponse: echo})
		},
		"another program's": func(t *testing.T, path string) {
			listener := foreignServer(t, path)
			go func() { _ = rsocket.Serve(testContext(t), listener, rsocket.Handler{RequestResponse: echo}) }()
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := socketPath(t)
			start(t, path)
			before := dial(t, "unix://"+path)
			for range 3 {
				_, err := rsocket.Listen(testContext(t), "unix://"+path)
				if !errors.Is(err, rsocket.ErrAddressInUse) || !strings.Contains(err.Error(), "a server listens at "+path) {
					t.Fatalf("got %v", err)
				}
			}
			checkEcho(t, before)
			checkEcho(t, dial(t, "unix://"+path))
		})
	}
}

func TestWhatIsNoSocketIsLeftAlone(t *testing.T) {
	for name, create := range map[string]func(path string) error{
		"a file":   func(path string) error { return os.WriteFile(path, []byte("precious"), 0o600) },
		"a folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"a link":   func(path string) error { return os.Symlink("elsewhere", path) },
	} {
		t.Run(name, func(t *testing.T) {
			path := socketPath(t)
			if err := create(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = rsocket.Listen(testContext(t), "unix://"+path)
			if !errors.Is(err, rsocket.ErrAddressInUse) || !strings.Contains(err.Error(), path+" is not a socket") {
				t.Errorf("got %v", err)
			}
			after, err := os.Lstat(path)
			if err != nil || !os.SameFile(before, after) || before.Size() != after.Size() {
				t.Errorf("there is %v, %v", after, err)
			}
			if found := names(t, filepath.Dir(path)); len(found) != 1 {
				t.Errorf("left are %q", found)
			}
		})
	}
}

func TestAClosedListenerLeavesNothingBehind(t *testing.T) {
	path := socketPath(t)
	for range 3 {
		listener, err := rsocket.Listen(testContext(t), "unix://"+path)
		if err != nil {
			t.Fatal(err)
		}
		if address := listener.Addr().String(); address != path {
			t.Errorf("it listens at %q", address)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed twice: %v", err)
		}
		if found := names(t, filepath.Dir(path)); len(found) != 0 {
			t.Errorf("left are %q", found)
		}
	}
}

func TestAClosedListenerLeavesWhatTookItsPlace(t *testing.T) {
	path := socketPath(t)
	listener, err := rsocket.Listen(testContext(t), "unix://"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	foreignServer(t, path)
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
	if nc, err := net.Dial("unix", path); err != nil {
		t.Error(err)
	} else {
		_ = nc.Close()
	}
}

// Of servers that begin at once over a socket that was left behind, one listens, and none takes that from it.
func TestServersThatBeginAtOnceDoNotRemoveEachOthersSockets(t *testing.T) {
	path := socketPath(t)
	for range 50 {
		abandonSocket(t, path)
		var mu sync.Mutex
		var listening []net.Listener
		var begun sync.WaitGroup
		for range 8 {
			begun.Go(func() {
				listener, err := rsocket.Listen(testContext(t), "unix://"+path)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					listening = append(listening, listener)
				case !errors.Is(err, rsocket.ErrAddressInUse):
					t.Errorf("got %v", err)
				}
			})
		}
		begun.Wait()
		if len(listening) != 1 {
			t.Fatalf("%d listen", len(listening))
		}
		nc, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_ = nc.Close()
		if err := listening[0].Close(); err != nil {
			t.Error(err)
		}
	}
}

// Servers come and go while others wait for their place.
func TestServersTakeTurnsAtAPath(t *testing.T) {
	path := socketPath(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for turns := 0; turns < 25; {
				listener, err := rsocket.Listen(testContext(t), "unix://"+path)
				if errors.Is(err, rsocket.ErrAddressInUse) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				turns++
				nc, err := net.Dial("unix", path)
				if err != nil {
					t.Errorf("its own socket: %v", err)
				} else {
					_ = nc.Close()
				}
				_ = listener.Close()
			}
		})
	}
	all.Wait()
	if found := names(t, filepath.Dir(path)); len(found) != 0 {
		t.Errorf("left are %q", found)
	}
}

func TestUnixPermissionsAreSetBeforeAnybodyCanConnect(t *testing.T) {
	for _, mode := range []fs.FileMode{0, 0o600, 0o660, 0o777} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			path := socketPath(t)
			rsocket.BetweenBindAndListen(t, path, mode, func() {
				checkMode(t, path, mode)
				if nc, err := net.Dial("unix", path); err == nil {
					_ = nc.Close()
					t.Error("connected too soon")
				}
			})
			listener, err := rsocket.Listen(testContext(t), "unix://"+path, rsocket.WithUnixPermissions(mode))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = listener.Close() }()
			checkMode(t, path, mode)
		})
	}
}

func checkMode(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if file, err := os.Lstat(path); err != nil || file.Mode() != fs.ModeSocket|mode {
		t.Errorf("it is %v, %v", file.Mode(), err)
	}
}

func TestUnixPermissionsAreChecked(t *testing.T) {
	for url, mode := range map[string]fs.FileMode{
		"tcp://127.0.0.1:0":               0o600,
		"ws://127.0.0.1:0/":               0o600,
		"unix://" + socketPath(t):         fs.ModeSetuid | 0o600,
		"unix://" + shortFolder(t) + "/x": fs.ModeDir | 0o700,
	} {
		listener, err := rsocket.Listen(testContext(t), url, rsocket.WithUnixPermissions(mode))
		if !errors.Is(err, rsocket.ErrInvalidArgument) {
			t.Errorf("%v at %s: %v, %v", mode, url, listener, err)
		}
	}
}

func TestAPathThatIsTooLongIsToldAsSuch(t *testing.T) {
	url := "unix:///" + strings.Repeat("x", 200)
	_, dialled := rsocket.Dial(testContext(t), url)
	_, listened := rsocket.Listen(testContext(t), url)
	for _, err := range []error{dialled, listened} {
		if !errors.Is(err, rsocket.ErrInvalidArgument) || !strings.Contains(err.Error(), "201 bytes") {
			t.Errorf("got %v", err)
		}
	}
	// The longest that there can be.
	folder := shortFolder(t)
	path := folder + "/" + strings.Repeat("x", rsocket.MaxUnixPath-len(folder)-1)
	checkEcho(t, dial(t, listenAndServe(t, "unix://"+path, rsocket.Handler{RequestResponse: echo})))
}

func TestAFolderThatIsNotThereIsTold(t *testing.T) {
	_, err := rsocket.Listen(testContext(t), "unix://"+socketPath(t)+"/s")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
