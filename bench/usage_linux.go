package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// usageOf is exact to the nanosecond in CPU time, unlike /proc/PID/stat.
func usageOf(p *process) (usage, error) {
	pid := p.command.Process.Pid
	// The clock of a process's CPU time, as clock_getcpuclockid(3) makes it.
	clock := ^pid<<3 | 2
	var now syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&now)), 0); errno != 0 {
		return usage{}, fmt.Errorf("reading the CPU time of %s: %w", p.name, errno)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return usage{}, fmt.Errorf("reading the memory of %s: %w", p.name, err)
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return usage{}, fmt.Errorf("reading the memory of %s: %q", p.name, text)
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		return usage{}, fmt.Errorf("reading the memory of %s: %w", p.name, err)
	}
	return usage{cpu: time.Duration(now.Nano()), memory: float64(pages) * float64(os.Getpagesize())}, nil
}
