package main

import (
	"fmt"
	"log"
	"strings"
	"sync"
	"unicode"
)

// backlog is how many lines wait at most for a member that reads slowly; it misses those beyond. maxLine is the
// longest line in bytes. Together they bound what a member costs.
const (
	backlog = 64
	maxLine = 1000
)

// member is one of those who hear each other.
type member struct {
	name string
	// hears is closed when the member leaves.
	hears chan string
	// missed counts the lines since the backlog was full. The room's mutex guards it.
	missed int
}

func newMember() *member {
	return &member{hears: make(chan string, backlog)}
}

// room is where the members are.
type room struct {
	log     *log.Logger
	mu      sync.Mutex
	members map[*member]bool
}

func newRoom(log *log.Logger) *room {
	return &room{log: log, members: make(map[*member]bool)}
}

func (r *room) join(member *member, name string) {
	if name == "" {
		name = "somebody"
	}
	member.name = name
	r.mu.Lock()
	member.hear(fmt.Sprintf("welcome, %s; others here: %d", name, len(r.members)))
	r.members[member] = true
	r.mu.Unlock()
	r.log.Println(name, "joined")
	r.relay(member, name+" joined")
}

// leave ends what the member hears. One that has never joined leaves unnoticed.
func (r *room) leave(member *member) {
	r.mu.Lock()
	joined := r.members[member]
	delete(r.members, member)
	close(member.hears)
	r.mu.Unlock()
	if joined {
		r.log.Println(member.name, "left")
		r.relay(member, member.name+" left")
	}
}

// relay lets everybody but the speaker hear a line. It waits for nobody.
func (r *room) relay(speaker *member, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for member := range r.members {
		if member != speaker {
			member.hear(line)
		}
	}
}

// hear adds a line to those that wait for the member, or counts it as missed.
func (m *member) hear(line string) {
	if m.missed > 0 && m.offer(fmt.Sprintf("(%d lines missed)", m.missed)) {
		m.missed = 0
	}
	if m.missed > 0 || !m.offer(line) {
		m.missed++
	}
}

func (m *member) offer(line string) bool {
	select {
	case m.hears <- line:
		return true
	default:
		return false
	}
}

// printable cuts a line, and drops from it what would move others' cursors.
func printable(line string) string {
	line = strings.ToValidUTF8(line[:min(len(line), maxLine)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, line)
}
