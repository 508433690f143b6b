package ffi

// #include "rsocket.h"
import "C"

import (
	"fmt"
	"time"
	"unsafe"
)

// Config is what a connection is told when it starts. Zero limits and periods mean the engine's defaults.
type Config struct {
	// Server tells which side this is. The setup fields are for clients.
	Server bool

	KeepaliveInterval time.Duration
	MaxLifetime       time.Duration
	MetadataMIME      string
	DataMIME          string
	SetupMetadata     []byte
	HasSetupMetadata  bool
	SetupData         []byte

	MaxInboundStreams  int
	MaxOutboundStreams int
	MaxFrameLen        int
	MaxPayloadLen      int
	MaxReassemblyBytes int
	MaxControlBytes    int
	SetupTimeout       time.Duration
	MaxUnrequested     int
	MaxQueuedBytes     int
	FragmentLen        int
	// Lease: take part in leases.
	Lease bool
	// Resume: outlive the transport.
	Resume         bool
	ResumeToken    []byte
	ResumeStore    int
	SessionTimeout time.Duration
}

// make builds the C settings, which the caller frees.
func (c *Config) make() (*C.rsocket_config, error) {
	made := C.rsocket_config_new_client()
	if c.Server {
		C.rsocket_config_free(made)
		made = C.rsocket_config_new_server()
	}
	if err := c.fill(made); err != nil {
		C.rsocket_config_free(made)
		return nil, err
	}
	return made, nil
}

func (c *Config) fill(made *C.rsocket_config) error {
	if err := c.fillLimits(made); err != nil {
		return err
	}
	if c.KeepaliveInterval != 0 || c.MaxLifetime != 0 {
		result := C.rsocket_config_set_keepalive(made, milliseconds(c.KeepaliveInterval), milliseconds(c.MaxLifetime))
		if err := check(result, "keepalive"); err != nil {
			return err
		}
	}
	if c.Lease {
		if err := check(C.rsocket_config_set_lease(made, true), "lease"); err != nil {
			return err
		}
	}
	if c.Resume {
		result := C.rsocket_config_set_resume(made,
			(*C.uint8_t)(unsafe.SliceData(c.ResumeToken)), C.size_t(len(c.ResumeToken)),
			C.uint64_t(c.ResumeStore), C.uint64_t(milliseconds(c.SessionTimeout)))
		if err := check(result, "resume"); err != nil {
			return err
		}
	}
	if c.MetadataMIME != "" || c.DataMIME != "" {
		result := C.rsocket_config_set_mime_types(made,
			(*C.uint8_t)(unsafe.StringData(c.MetadataMIME)), C.size_t(len(c.MetadataMIME)),
			(*C.uint8_t)(unsafe.StringData(c.DataMIME)), C.size_t(len(c.DataMIME)))
		if err := check(result, "MIME types"); err != nil {
			return err
		}
	}
	result := C.rsocket_config_set_setup_payload(made, C.bool(c.HasSetupMetadata),
		(*C.uint8_t)(unsafe.SliceData(c.SetupMetadata)), C.size_t(len(c.SetupMetadata)),
		(*C.uint8_t)(unsafe.SliceData(c.SetupData)), C.size_t(len(c.SetupData)))
	return check(result, "setup payload")
}

func (c *Config) fillLimits(made *C.rsocket_config) error {
	limits := []struct {
		name  string
		limit C.uint32_t
		value int
	}{
		{"inbound streams", C.RSOCKET_LIMIT_INBOUND_STREAMS, c.MaxInboundStreams},
		{"outbound streams", C.RSOCKET_LIMIT_OUTBOUND_STREAMS, c.MaxOutboundStreams},
		{"frame length", C.RSOCKET_LIMIT_FRAME_LEN, c.MaxFrameLen},
		{"payload length", C.RSOCKET_LIMIT_PAYLOAD_LEN, c.MaxPayloadLen},
		{"reassembly bytes", C.RSOCKET_LIMIT_REASSEMBLY_BYTES, c.MaxReassemblyBytes},
		{"control bytes", C.RSOCKET_LIMIT_CONTROL_BYTES, c.MaxControlBytes},
		{"unrequested items", C.RSOCKET_LIMIT_UNREQUESTED_ITEMS, c.MaxUnrequested},
		{"queued bytes", C.RSOCKET_LIMIT_QUEUED_BYTES, c.MaxQueuedBytes},
		{"fragment length", C.RSOCKET_LIMIT_FRAGMENT_LEN, c.FragmentLen},
		{"setup timeout", C.RSOCKET_LIMIT_SETUP_TIMEOUT_MS, int(c.SetupTimeout.Milliseconds())},
	}
	for _, limit := range limits {
		if limit.value <= 0 {
			continue
		}
		result := C.rsocket_config_set_limit(made, limit.limit, C.uint64_t(limit.value))
		if err := check(result, limit.name); err != nil {
			return err
		}
	}
	return nil
}

// milliseconds rounds up, so that a period below a millisecond is not 0, and stops at what C can hold.
func milliseconds(period time.Duration) C.uint32_t {
	const most = 1<<32 - 1
	ms := (period + time.Millisecond - 1) / time.Millisecond
	return C.uint32_t(min(max(ms, 0), most))
}

// check gets the raw result because cgo names the enum's type differently in each package file.
func check(result C.rsocket_result, what string) error {
	if result == C.RSOCKET_RESULT_OK {
		return nil
	}
	return fmt.Errorf("%s: %s", what, Result(result))
}
