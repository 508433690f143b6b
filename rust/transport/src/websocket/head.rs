//! An HTTP head, as it arrives.

use tungstenite::Error;
use tungstenite::handshake::machine::TryParse;
use tungstenite::http::HeaderMap;

/// The bytes of a request or response up to its empty line.
#[derive(Debug)]
pub(super) struct Head {
    received: Vec<u8>,
    max_len: usize,
}

/// Why there is no head.
#[derive(Debug)]
pub(super) enum HeadError {
    /// It is longer than the limit.
    TooLong,
    /// It is not what it should be.
    Invalid(Error),
}

impl Head {
    pub(super) fn new(max_len: usize) -> Self {
        Self {
            received: Vec::new(),
            max_len,
        }
    }

    /// What has arrived, which no head has been made of.
    pub(super) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Takes received bytes. Returns the head once it is there as a whole, with the bytes that follow it.
    pub(super) fn receive<T: TryParse>(
        &mut self,
        bytes: &[u8],
    ) -> Result<Option<(T, Vec<u8>)>, HeadError> {
        // Only a line that ends can make a difference; and the first bytes, which may show that this is not HTTP.
        let look = self.received.is_empty() || bytes.contains(&b'\n');
        self.received.extend_from_slice(bytes);
        if look
            && let Some((len, head)) = T::try_parse(&self.received).map_err(HeadError::Invalid)?
        {
            if len > self.max_len {
                return Err(HeadError::TooLong);
            }
            let mut rest = std::mem::take(&mut self.received);
            rest.drain(..len);
            return Ok(Some((head, rest)));
        }
        if self.received.len() > self.max_len {
            return Err(HeadError::TooLong);
        }
        Ok(None)
    }
}

/// The comma-separated values of all headers with this name. Those that are not text are left out.
pub(super) fn list<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

/// The value of the only header with this name; `Err` where there are several, or it is not text.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).into_iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}
