package rsocket

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// ResponseCallback gets the outcome of a request: the answer, which is nil where the peer completed without one, or an
// error. See [Conn.RequestResponseFunc] for where it runs.
type ResponseCallback func(*Payload, error)

// Client is a connection in the form of the original API. Its methods may be called from any goroutine. [Conn] does
// more.
type Client struct {
	mu   sync.Mutex
	conn *Conn
}

// NewClient makes a client that is not connected.
func NewClient() *Client {
	return &Client{}
}

// ConnectTCP connects to host:port, with or without tcp:// in front. A client that is connected already stays as it is
// and gets an error.
func (c *Client) ConnectTCP(address string) error {
	if !strings.Contains(address, "://") {
		address = "tcp://" + address
	}
	return c.connect(address)
}

// ConnectWebSocket connects to ws://host:port/path, with or without ws:// in front, or to wss://host:port/path. A client that is connected already
// stays as it is and gets an error.
func (c *Client) ConnectWebSocket(url string) error {
	if !strings.Contains(url, "://") {
		url = "ws://" + url
	}
	if to, err := parseAddress(url); err == nil && to.webSocket == nil {
		return badAddress(url, "is not of the form ws://host:port/path")
	}
	return c.connect(url)
}

func (c *Client) connect(url string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil && !c.conn.isClosed() {
		return fmt.Errorf("%w: the client is connected already", ErrInvalidArgument)
	}
	conn, err := Dial(context.Background(), url)
	if err != nil {
		return err
	}
	c.conn = conn
	return nil
}

// IsConnected reports whether the client has connected and its connection is not over.
func (c *Client) IsConnected() bool {
	conn, err := c.connected()
	return err == nil && !conn.isClosed()
}

// RequestResponse sends a request; callback gets the outcome, exactly once, unless an error is returned.
func (c *Client) RequestResponse(payload *Payload, callback ResponseCallback) error {
	conn, err := c.connected()
	if err != nil {
		return err
	}
	return conn.RequestResponseFunc(payload, callback)
}

// FireAndForget sends a request that gets no answer.
func (c *Client) FireAndForget(payload *Payload) error {
	conn, err := c.connected()
	if err != nil {
		return err
	}
	return conn.FireAndForget(context.Background(), payload)
}

// Close ends the connection, if there is one. Requests under way get [ErrClosed].
func (c *Client) Close() error {
	conn, err := c.connected()
	if errors.Is(err, ErrNotConnected) {
		return nil
	}
	return conn.Close()
}

func (c *Client) connected() (*Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return nil, ErrNotConnected
	}
	return c.conn, nil
}
