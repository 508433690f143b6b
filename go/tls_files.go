package rsocket

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// settledAfter is how long ago a file must have changed for its time of change to tell whether it has changed again:
// systems count it in steps, and a step may bring several changes.
const settledAfter = 2 * time.Second

// tlsFiles are certificates in files, read again when the files have changed.
type tlsFiles struct {
	// names of the authorities, the certificate and the key; "" for none.
	names  [3]string
	source *madeTLS

	mu sync.Mutex
	// material is what the files said when they were read; nil before.
	material *tlsMaterial
	content  [3][]byte
	infos    [3]os.FileInfo
	readAt   time.Time
}

func newTLSFiles(ca, cert, key string) *tlsFiles {
	f := &tlsFiles{names: [3]string{ca, cert, key}}
	f.source = &madeTLS{current: f.current, changes: true, cache: tls.NewLRUClientSessionCache(tlsSessions)}
	return f
}

// current is what the files say. When they cannot be used, it is what they said before, with an error.
func (f *tlsFiles) current() (*tlsMaterial, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	readAt := time.Now()
	infos, err := f.stat()
	if err != nil {
		return f.material, err
	}
	if f.material != nil && f.unchanged(infos) {
		return f.material, nil
	}
	content, err := f.read()
	if err != nil {
		return f.material, err
	}
	if f.material == nil || !equal(content, f.content) {
		material, err := newTLSMaterial(tlsPEM{content[0], content[1], content[2]})
		if err != nil {
			return f.material, fmt.Errorf("%v: %w", f.names, err)
		}
		f.material, f.content = material, content
	}
	f.infos, f.readAt = infos, readAt
	return f.material, nil
}

func (f *tlsFiles) stat() (infos [3]os.FileInfo, err error) {
	for i, name := range f.names {
		if name == "" {
			continue
		}
		if infos[i], err = os.Stat(name); err != nil {
			return infos, err
		}
	}
	return infos, nil
}

// unchanged reports whether the files are certainly those that were read.
func (f *tlsFiles) unchanged(infos [3]os.FileInfo) bool {
	for i, info := range infos {
		if info == nil {
			continue
		}
		before := f.infos[i]
		if !os.SameFile(info, before) || info.Size() != before.Size() || !info.ModTime().Equal(before.ModTime()) {
			return false
		}
		if f.readAt.Sub(before.ModTime()) < settledAfter {
			return false
		}
	}
	return true
}

func (f *tlsFiles) read() (content [3][]byte, err error) {
	for i, name := range f.names {
		if name == "" {
			continue
		}
		if content[i], err = os.ReadFile(name); err != nil { // Not nil, where there is a file.
			return content, err
		}
	}
	return content, nil
}

func equal(a, b [3][]byte) bool {
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}
