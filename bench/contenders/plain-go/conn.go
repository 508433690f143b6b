package main

import (
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"sync"

	"github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi/bench/load"
)

// readLen is how much is read at a time.
const readLen = 256 << 10

// conn keeps many requests in flight. Those that are made while one goroutine writes go out together in the next write.
type conn struct {
	socket net.Conn

	mu       sync.Mutex
	closed   error  // why nothing more is answered
	batch    []byte // frames that nobody has written
	spare    []byte // the memory of the batch before
	flushing bool
	waiting  []chan answer // by id; nil where the id is free
	free     []uint32
	inFlight int
	room     sync.Cond // the batch has been taken
}

type answer struct {
	data *[]byte
	err  error
}

// buffers keeps the memory of answers that were looked at.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxBatch is how much may wait to be written; then callers wait.
const maxBatch = 1 << 20

func newConn(socket net.Conn) *conn {
	c := &conn{socket: socket}
	c.room.L = &c.mu
	go c.read()
	return c
}

func (c *conn) Close() { _ = c.socket.Close() }

func (c *conn) NewRequest(data []byte) load.Request { return data }

func (c *conn) RequestResponse(request load.Request) load.Ask {
	data, wait := request.([]byte), make(chan answer, 1)
	return func(look func([]byte)) error {
		if err := c.submit(data, wait); err != nil {
			return err
		}
		got := <-wait
		if got.err == nil {
			look(*got.data)
			buffers.Put(got.data)
		}
		return got.err
	}
}

// submit puts a request into the batch, and writes the batch if nobody else does.
func (c *conn) submit(data []byte, wait chan answer) error {
	c.mu.Lock()
	for len(c.batch) >= maxBatch && c.closed == nil {
		c.room.Wait()
	}
	if c.closed != nil {
		c.mu.Unlock()
		return c.closed
	}
	id := c.take(wait)
	at := len(c.batch)
	c.batch = append(c.batch, make([]byte, headerLen)...)
	putHeader(c.batch[at:], id, len(data))
	c.batch = append(c.batch, data...)
	if c.flushing {
		c.mu.Unlock()
		return nil
	}
	c.flushing = true
	if c.inFlight > 1 {
		// Others may be about to make requests too.
		c.mu.Unlock()
		runtime.Gosched()
		c.mu.Lock()
	}
	c.flush()
	c.mu.Unlock()
	return nil
}

// flush writes until the batch is empty; mu is held but for the writes.
func (c *conn) flush() {
	for len(c.batch) > 0 {
		batch := c.batch
		c.batch = c.spare[:0]
		c.spare = nil
		c.room.Broadcast()
		c.mu.Unlock()
		_, err := c.socket.Write(batch)
		c.mu.Lock()
		c.spare = batch
		if err != nil {
			break // the reader finds out too, and tells those who wait
		}
	}
	c.flushing = false
}

// take gives a request an id.
func (c *conn) take(wait chan answer) uint32 {
	c.inFlight++
	if last := len(c.free) - 1; last >= 0 {
		id := c.free[last]
		c.free = c.free[:last]
		c.waiting[id] = wait
		return id
	}
	c.waiting = append(c.waiting, wait)
	return uint32(len(c.waiting) - 1)
}

// read hands answers to those who wait for them until the connection ends.
func (c *conn) read() {
	buffer, filled := make([]byte, readLen), 0
	for {
		n, err := c.socket.Read(buffer[filled:])
		if err != nil {
			c.end(err)
			return
		}
		filled += n
		used, err := c.complete(buffer[:filled])
		if err != nil {
			c.end(err)
			return
		}
		filled = copy(buffer, buffer[used:filled])
		if filled == len(buffer) {
			buffer = append(buffer, make([]byte, len(buffer))...)
		}
	}
}

// complete takes the whole frames off the input and returns how long they were.
func (c *conn) complete(input []byte) (int, error) {
	used := 0
	for {
		length, err := frameLen(input[used:])
		if err != nil || length == 0 || used+length > len(input) {
			return used, err
		}
		frame := input[used : used+length]
		data := buffers.Get().(*[]byte)
		*data = append((*data)[:0], frame[headerLen:]...)
		if err := c.answer(binary.BigEndian.Uint32(frame[3:]), answer{data: data}); err != nil {
			return used, err
		}
		used += length
	}
}

func (c *conn) answer(id uint32, got answer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id >= uint32(len(c.waiting)) || c.waiting[id] == nil {
		return errors.New("an answer to a request that nobody made")
	}
	c.waiting[id] <- got
	c.waiting[id] = nil
	c.free = append(c.free, id)
	c.inFlight--
	return nil
}

func (c *conn) end(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = reason
	c.room.Broadcast()
	for id, wait := range c.waiting {
		if wait != nil {
			wait <- answer{err: reason}
			c.waiting[id] = nil
		}
	}
	_ = c.socket.Close()
}
