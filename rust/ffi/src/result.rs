//! What a call returns.

use std::ffi::{CStr, c_char};

use rsocket_protocol::SendError;
use rsocket_transport::layer::LayerErrorKind;

/// The outcome of a call, also the `code` of a `RSOCKET_EVENT_REFUSED`. Numbers are never reused.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum rsocket_result {
    /// The call did what it says.
    Ok = 0,
    /// A pointer that is needed was NULL.
    NullArgument = 1,
    /// A length, kind or combination makes no sense.
    InvalidArgument = 2,
    /// Another thread is inside this handle.
    Busy = 3,
    /// The library panicked. The handle can only be freed.
    Panic = 4,
    /// The output buffer cannot hold a single frame of the next command.
    OutputTooSmall = 5,
    /// The connection is over.
    Closed = 6,
    /// The connection is being closed by the peer and takes no new requests.
    Draining = 7,
    /// The setup exchange has not come far enough.
    NotReady = 8,
    /// The limit on open requests is reached.
    TooManyStreams = 9,
    /// The payload does not fit a frame and is longer than the limit.
    PayloadTooLarge = 10,
    /// The stream has ended: the peer cancelled it, or it has its answer.
    NoSuchStream = 11,
    /// The peer has not asked for another item.
    NoCredit = 12,
    /// The peer's lease allows no more requests now.
    NoLease = 13,
    /// The connection has no transport at the moment, and this would not be sent again.
    Suspended = 14,
    /// The connection cannot go on exactly where it was.
    CannotResume = 15,
    /// The library was built without this.
    NotBuilt = 16,
    /// The peer broke the rules of a layer.
    LayerProtocol = 17,
    /// A message of a layer is longer than the limit.
    MessageTooLong = 18,
    /// A layer's handshake came to nothing: the peer refused it, or this side refused the peer.
    HandshakeRefused = 19,
    /// The transport ended although the peer had not closed the layer.
    CutOff = 20,
    /// The peer closed a layer because something was wrong.
    ClosedWithError = 21,
    /// A layer is not open: its handshake is not over, or it has been closed.
    NotOpen = 22,
    /// The peer's certificate is not one that this side trusts.
    Certificate = 23,
    /// The peer did not take this side's certificate, or wants one.
    CertificateRefused = 24,
    /// No authority that this side trusts has signed the peer's certificate.
    UnknownAuthority = 25,
    /// The peer's certificate is not valid any more, or not yet.
    CertificateExpired = 26,
    /// The peer's certificate is for other names than the one that was asked for.
    WrongName = 27,
    /// The server wants a certificate, and the client showed none.
    CertificateMissing = 28,
    /// Nothing was heard from the peer in time.
    TimedOut = 29,
    /// The system failed, for example because it has no more descriptors.
    Io = 30,
}

impl From<SendError> for rsocket_result {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Full => Self::OutputTooSmall,
            SendError::Closed => Self::Closed,
            SendError::Draining => Self::Draining,
            SendError::NotReady => Self::NotReady,
            SendError::TooManyStreams => Self::TooManyStreams,
            SendError::PayloadTooLarge => Self::PayloadTooLarge,
            SendError::NoSuchStream => Self::NoSuchStream,
            SendError::NoCredit => Self::NoCredit,
            SendError::NoLease => Self::NoLease,
            SendError::NotCopied => Self::InvalidArgument,
            SendError::Suspended => Self::Suspended,
        }
    }
}

impl From<LayerErrorKind> for rsocket_result {
    fn from(kind: LayerErrorKind) -> Self {
        match kind {
            LayerErrorKind::TooLong => Self::MessageTooLong,
            LayerErrorKind::Refused => Self::HandshakeRefused,
            LayerErrorKind::CutOff => Self::CutOff,
            LayerErrorKind::ClosedWithError => Self::ClosedWithError,
            LayerErrorKind::NotOpen => Self::NotOpen,
            LayerErrorKind::Certificate => Self::Certificate,
            LayerErrorKind::CertificateRefused => Self::CertificateRefused,
            LayerErrorKind::UnknownAuthority => Self::UnknownAuthority,
            LayerErrorKind::CertificateExpired | LayerErrorKind::CertificateNotYetValid => {
                Self::CertificateExpired
            }
            LayerErrorKind::WrongName => Self::WrongName,
            LayerErrorKind::CertificateMissing | LayerErrorKind::CertificateRequired => {
                Self::CertificateMissing
            }
            LayerErrorKind::TimedOut => Self::TimedOut,
            _ => Self::LayerProtocol,
        }
    }
}

/// Says what a result means, in English, as a string that lives as long as the library. Unknown numbers have a text
/// too. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_result_text(result: u32) -> *const c_char {
    text(result).as_ptr()
}

fn text(result: u32) -> &'static CStr {
    match result {
        0 => c"ok",
        1 => c"a required pointer is NULL",
        2 => c"an argument is invalid",
        3 => c"another thread is inside this handle",
        4 => c"the library panicked; the handle can only be freed",
        5 => c"the output buffer is too small for a frame",
        6 => c"the connection is closed",
        7 => c"the connection is closing and takes no new requests",
        8 => c"the connection is not set up",
        9 => c"too many requests are open",
        10 => c"the payload is too long",
        11 => c"the stream has ended",
        12 => c"the peer has not asked for another item",
        13 => c"the peer's lease allows no more requests now",
        14 => c"the connection has no transport at the moment",
        15 => c"the connection cannot be resumed",
        16 => c"the library was built without this",
        17 => c"the peer broke the rules of the layer",
        18 => c"a message is longer than the limit",
        19 => c"the handshake was refused",
        20 => c"the transport ended in the middle",
        21 => c"the peer closed the layer because something was wrong",
        22 => c"the layer is not open",
        23 => c"the peer's certificate is not trusted",
        24 => c"the peer did not accept the certificate, or wants one",
        25 => c"no trusted authority has signed the peer's certificate",
        26 => c"the peer's certificate has expired or is not valid yet",
        27 => c"the peer's certificate is for another name",
        28 => c"the server wants a certificate, and the client showed none",
        29 => c"nothing was heard from the peer in time",
        30 => c"the system failed",
        _ => c"unknown result",
    }
}
