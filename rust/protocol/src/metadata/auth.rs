//! Who asks ("Authentication Extension", with its types "Simple" and "Bearer").

use std::fmt;

use bytes::BufMut;

use super::fields::{take, take_array, utf8};
use super::name::{Name, ascii};
use super::{DecodeError, EncodeError, Item, MimeType, WellKnownMime};

const TYPE: &str = "authentication type";
const USERNAME_LEN: &str = "username length";
const USERNAME: &str = "username";
const PASSWORD: &str = "password";
const TOKEN: &str = "bearer token";

/// The ids and names of "Well-known Authentication Types".
const SIMPLE_ID: u8 = 0x00;
const SIMPLE_NAME: &[u8] = b"simple";
const BEARER_ID: u8 = 0x01;
const BEARER_NAME: &[u8] = b"bearer";

/// Credentials. They stand in the metadata in clear, so that only an encrypted transport hides them; the
/// [`Debug`](fmt::Debug) form leaves them out.
///
/// The text `simple` or `bearer` in place of the id decodes to the same, and is sent as the id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Auth<'a> {
    /// A username and a password ("Simple Authentication Type").
    Simple {
        /// At most [`MAX_USERNAME_LEN`](Self::MAX_USERNAME_LEN) bytes.
        username: &'a str,
        /// Everything after the username.
        password: &'a str,
    },
    /// A token that gives access to whoever holds it ("Bearer Token Authentication Type").
    Bearer {
        /// The token, without any prefix.
        token: &'a str,
    },
    /// Credentials that the extension does not define.
    Other {
        /// What kind they are of.
        auth_type: OtherAuthType<'a>,
        /// The credentials, as that kind defines them.
        payload: &'a [u8],
    },
}

/// An authentication type that the extension does not define.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OtherAuthType<'a> {
    /// An id that has no meaning yet, 0 to 127; kept as it is.
    Unknown(u8),
    /// A name: 1 to [`MAX_NAME_LEN`](super::MAX_NAME_LEN) bytes of ASCII.
    Custom(&'a str),
}

impl<'a> Auth<'a> {
    /// The longest username in bytes.
    pub const MAX_USERNAME_LEN: usize = u16::MAX as usize;

    /// Reads the content of authentication metadata.
    pub fn decode(mut content: &'a [u8]) -> Result<Self, DecodeError> {
        match Name::take(&mut content, TYPE)? {
            Name::Id(SIMPLE_ID) | Name::Text(SIMPLE_NAME) => Self::decode_simple(content),
            Name::Id(BEARER_ID) | Name::Text(BEARER_NAME) => Self::decode_bearer(content),
            Name::Id(id) => Ok(Self::Other {
                auth_type: OtherAuthType::Unknown(id),
                payload: content,
            }),
            Name::Text(text) => Ok(Self::Other {
                auth_type: OtherAuthType::Custom(ascii(text, TYPE)?),
                payload: content,
            }),
        }
    }

    fn decode_simple(mut payload: &'a [u8]) -> Result<Self, DecodeError> {
        let len = u16::from_be_bytes(take_array(&mut payload, USERNAME_LEN)?);
        let username = take(&mut payload, len.into(), USERNAME)?;
        Ok(Self::Simple {
            username: utf8(username, USERNAME)?,
            password: utf8(payload, PASSWORD)?,
        })
    }

    fn decode_bearer(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let token = utf8(payload, TOKEN)?;
        Ok(Self::Bearer { token })
    }

    fn name(&self) -> Name<'a> {
        match *self {
            Self::Simple { .. } => Name::Id(SIMPLE_ID),
            Self::Bearer { .. } => Name::Id(BEARER_ID),
            Self::Other { auth_type, .. } => match auth_type {
                OtherAuthType::Unknown(id) => Name::Id(id),
                OtherAuthType::Custom(name) => Name::Text(name.as_bytes()),
            },
        }
    }
}

impl Item for Auth<'_> {
    fn mime_type(&self) -> MimeType<'_> {
        WellKnownMime::Authentication.into()
    }

    fn encoded_len(&self) -> Result<usize, EncodeError> {
        let payload_len = match self {
            Self::Simple { username, password } => {
                if username.len() > Self::MAX_USERNAME_LEN {
                    return Err(EncodeError::TooLong {
                        field: USERNAME,
                        len: username.len(),
                        max: Self::MAX_USERNAME_LEN,
                    });
                }
                2 + username.len() + password.len()
            }
            Self::Bearer { token } => token.len(),
            Self::Other { payload, .. } => payload.len(),
        };
        Ok(self.name().encoded_len(TYPE)? + payload_len)
    }

    fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        self.encoded_len()?;
        self.name().encode(TYPE, out)?;
        match self {
            Self::Simple { username, password } => {
                out.put_u16(username.len() as u16);
                out.put_slice(username.as_bytes());
                out.put_slice(password.as_bytes());
            }
            Self::Bearer { token } => out.put_slice(token.as_bytes()),
            Self::Other { payload, .. } => out.put_slice(payload),
        }
        Ok(())
    }
}

/// The kind of the credentials, never what they are.
impl fmt::Debug for Auth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simple { .. } => f.debug_struct("Simple").finish_non_exhaustive(),
            Self::Bearer { .. } => f.debug_struct("Bearer").finish_non_exhaustive(),
            Self::Other { auth_type, .. } => f
                .debug_struct("Other")
                .field("auth_type", auth_type)
                .finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Conforms: simple/layout
    #[test]
    fn a_username_has_at_most_65535_bytes() {
        let longest = "x".repeat(65_535);
        let auth = Auth::Simple {
            username: &longest,
            password: "p",
        };
        let mut out = Vec::new();
        assert_eq!(auth.encode(&mut out), Ok(()));
        assert_eq!(out[..4], [0x80, 0xFF, 0xFF, b'x']);
        assert_eq!(Auth::decode(&out), Ok(auth));

        out.clear();
        let error = EncodeError::TooLong {
            field: USERNAME,
            len: 65_536,
            max: 65_535,
        };
        let auth = Auth::Simple {
            username: &format!("{longest}x"),
            password: "p",
        };
        assert_eq!(auth.encode(&mut out), Err(error));
        assert!(out.is_empty());
    }

    // Conforms: auth/ascii
    #[test]
    fn a_type_that_cannot_be_sent_is_an_error() {
        let table = [
            (
                OtherAuthType::Custom(""),
                EncodeError::Empty { field: TYPE },
            ),
            (
                OtherAuthType::Custom("ä"),
                EncodeError::NotAscii { field: TYPE },
            ),
            (
                OtherAuthType::Unknown(0x80),
                EncodeError::IdTooLarge {
                    field: TYPE,
                    id: 0x80,
                },
            ),
        ];
        for (auth_type, error) in table {
            let payload = b"x";
            let mut out = Vec::new();
            let auth = Auth::Other { auth_type, payload };
            assert_eq!(auth.encode(&mut out), Err(error), "{auth_type:?}");
            assert!(out.is_empty());
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let simple = Auth::Simple {
            username: "ada",
            password: "secret",
        };
        let other = Auth::Other {
            auth_type: OtherAuthType::Custom("key"),
            payload: b"secret",
        };
        let token = "secret";
        let shown = format!("{simple:?} {:?} {other:?}", Auth::Bearer { token });
        assert_eq!(
            shown,
            "Simple { .. } Bearer { .. } Other { auth_type: Custom(\"key\"), .. }"
        );
    }
}
