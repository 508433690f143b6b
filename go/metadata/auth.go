package metadata

import "encoding/binary"

// MaxUsernameLen is the longest username in bytes.
const MaxUsernameLen = 1<<16 - 1

const (
	fieldAuthType       = "authentication type"
	fieldUsernameLength = "username length"
	fieldUsername       = "username"
	fieldPassword       = "password"
	fieldToken          = "bearer token"
)

// AuthType says what kind of credentials there are: ASCII, 1 to [MaxNameLen] bytes. [AuthSimple] and [AuthBearer] are
// sent as ids. An id that has no name yet is kept as an AuthType of its own.
type AuthType string

// The authentication types that have an id ("Well-known Authentication Types").
const (
	AuthSimple AuthType = "simple" // 0x00
	AuthBearer AuthType = "bearer" // 0x01
)

const (
	idSimple = 0x00
	idBearer = 0x01
)

// ID returns the id, 0 to 127. It is false for a type that is sent as text.
func (t AuthType) ID() (id uint8, ok bool) {
	switch t {
	case AuthSimple:
		return idSimple, true
	case AuthBearer:
		return idBearer, true
	}
	return unnamedID(string(t))
}

// String returns the name, or the id as a hexadecimal number if it has none.
func (t AuthType) String() string { return nameOrID(string(t)) }

// Auth is credentials of any type (Authentication Extension). For those that the extension defines, [SimpleAuth] and
// [BearerAuth] are easier to write.
//
// Credentials stand in the metadata in clear, so that only an encrypted transport hides them. Printing an Auth does not
// show them.
type Auth struct {
	// Type says what they are.
	Type AuthType
	// Payload is the credentials, as Type defines them. From [ParseAuth], it is part of the content.
	Payload []byte
}

// MIMEType returns [MIMEAuthentication].
func (Auth) MIMEType() MIME { return MIMEAuthentication }

// AppendBinary appends the type and the payload.
func (a Auth) AppendBinary(dst []byte) ([]byte, error) {
	dst, err := appendAuthType(dst, a.Type)
	if err != nil {
		return dst, err
	}
	return append(dst, a.Payload...), nil
}

func appendAuthType(dst []byte, t AuthType) ([]byte, error) {
	if id, ok := t.ID(); ok {
		return appendID(dst, id), nil
	}
	return appendText(dst, string(t), fieldAuthType)
}

// String returns the type alone.
func (a Auth) String() string { return a.Type.String() + " credentials" }

// GoString returns the type alone.
func (a Auth) GoString() string { return a.String() }

// ParseAuth reads the content of authentication metadata: the type, and where the payload is. [Auth.Simple] and
// [Auth.Bearer] read the payload.
func ParseAuth(content []byte) (Auth, error) {
	name, payload, err := takeName(content, fieldAuthType)
	if err != nil {
		return Auth{}, err
	}
	authType, err := name.authType()
	if err != nil {
		return Auth{}, err
	}
	return Auth{authType, payload}, nil
}

func (n name) authType() (AuthType, error) {
	if n.text == nil {
		return authTypeByID(n.id), nil
	}
	if err := n.checkASCII(fieldAuthType); err != nil {
		return "", err
	}
	return AuthType(n.text), nil
}

func authTypeByID(id uint8) AuthType {
	switch id {
	case idSimple:
		return AuthSimple
	case idBearer:
		return AuthBearer
	}
	return AuthType(unnamed(id))
}

// Simple returns the username and the password (Simple Authentication Type), which are part of the payload.
// [ErrAuthType] says that the credentials are of another type.
func (a Auth) Simple() (username, password []byte, err error) {
	if a.Type != AuthSimple {
		return nil, nil, &Error{Field: fieldAuthType, Err: ErrAuthType}
	}
	length, rest, err := take(a.Payload, 2, fieldUsernameLength)
	if err != nil {
		return nil, nil, err
	}
	username, password, err = take(rest, int(binary.BigEndian.Uint16(length)), fieldUsername)
	if err != nil {
		return nil, nil, err
	}
	if err := checkUTF8(username, fieldUsername); err != nil {
		return nil, nil, err
	}
	if err := checkUTF8(password, fieldPassword); err != nil {
		return nil, nil, err
	}
	return username, password, nil
}

// Bearer returns the token (Bearer Token Authentication Type), which is part of the payload. [ErrAuthType] says that the
// credentials are of another type.
func (a Auth) Bearer() (token []byte, err error) {
	if a.Type != AuthBearer {
		return nil, &Error{Field: fieldAuthType, Err: ErrAuthType}
	}
	if err := checkUTF8(a.Payload, fieldToken); err != nil {
		return nil, err
	}
	return a.Payload, nil
}

// SimpleAuth is a username and a password (Simple Authentication Type). Both are UTF-8, and the username has at most
// [MaxUsernameLen] bytes; AppendBinary fails otherwise. They are sent in clear: use an encrypted transport.
func SimpleAuth(username, password string) Item { return simpleAuth{username, password} }

type simpleAuth struct{ username, password string }

func (simpleAuth) MIMEType() MIME { return MIMEAuthentication }

func (s simpleAuth) AppendBinary(dst []byte) ([]byte, error) {
	if err := checkLen(fieldUsername, len(s.username), MaxUsernameLen); err != nil {
		return dst, err
	}
	if err := checkUTF8String(s.username, fieldUsername); err != nil {
		return dst, err
	}
	if err := checkUTF8String(s.password, fieldPassword); err != nil {
		return dst, err
	}
	dst = appendID(dst, idSimple)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(s.username)))
	dst = append(dst, s.username...)
	return append(dst, s.password...), nil
}

func (simpleAuth) String() string     { return Auth{Type: AuthSimple}.String() }
func (s simpleAuth) GoString() string { return s.String() }

// BearerAuth is a token that gives access to whoever holds it (Bearer Token Authentication Type), without any prefix. It
// is UTF-8; AppendBinary fails otherwise. It is sent in clear: use an encrypted transport.
func BearerAuth(token string) Item { return bearerAuth{token} }

type bearerAuth struct{ token string }

func (bearerAuth) MIMEType() MIME { return MIMEAuthentication }

func (b bearerAuth) AppendBinary(dst []byte) ([]byte, error) {
	if err := checkUTF8String(b.token, fieldToken); err != nil {
		return dst, err
	}
	return append(appendID(dst, idBearer), b.token...), nil
}

func (bearerAuth) String() string     { return Auth{Type: AuthBearer}.String() }
func (b bearerAuth) GoString() string { return b.String() }
