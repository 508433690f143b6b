//! What stands between length-prefixed frames and a transport: bytes in, bytes out.

use bytes::BytesMut;

/// A layer such as TLS or WebSocket, without the transport below it.
///
/// Above a layer are length-prefixed frames ([`length_prefix`](crate::length_prefix)), whatever the layer makes of them
/// on the wire, so that every driver can put any layer, or one on top of another, between itself and its socket. A driver
/// first has the layer [`start`](Self::start), moves bytes until it [is open](Self::is_open), and hands frames over then.
///
/// What is to be sent is appended to `wire`, what was received to `plain`. After an error the layer is of no use any more;
/// what it left in `wire` says so to the peer and should be sent before the transport is closed.
pub trait Layer: std::fmt::Debug + Send {
    /// Says the first word, if it is this side that does.
    ///
    /// # Errors
    /// [`LayerError`], where that is impossible.
    fn start(&mut self, wire: &mut BytesMut) -> Result<(), LayerError>;

    /// Takes bytes that the transport brought, all of them, and answers what the layer answers by itself.
    ///
    /// # Errors
    /// [`LayerError`] when the bytes break the layer's rules, or end it without an orderly close.
    fn receive(
        &mut self,
        bytes: &[u8],
        plain: &mut BytesMut,
        wire: &mut BytesMut,
    ) -> Result<(), LayerError>;

    /// Takes bytes from above, cut anywhere. Only an open layer does.
    ///
    /// # Errors
    /// [`LayerError`] when the layer is not open or has been closed.
    fn send(&mut self, plain: &[u8], wire: &mut BytesMut) -> Result<(), LayerError>;

    /// Notes that the transport has ended.
    ///
    /// # Errors
    /// [`LayerError`] when the peer had not closed the layer before: something may be missing.
    fn end(&mut self) -> Result<(), LayerError>;

    /// Ends what this side sends, in an orderly way. Does nothing the second time.
    fn close(&mut self, wire: &mut BytesMut);

    /// Whether the handshake is over, so that bytes from above can be sent.
    fn is_open(&self) -> bool;

    /// Whether the peer has closed the layer in an orderly way: nothing more will be received.
    fn is_closed_by_peer(&self) -> bool;
}

/// Why a layer cannot go on.
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq)]
#[error("{kind}: {message}")]
pub struct LayerError {
    /// What went wrong, for programs.
    pub kind: LayerErrorKind,
    /// What went wrong, for people.
    pub message: String,
}

/// What went wrong in a layer. Each is something that a program may want to tell apart.
#[derive(thiserror::Error, Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayerErrorKind {
    /// The peer broke the rules of the layer.
    #[error("protocol violation")]
    Protocol,
    /// A message is longer than the limit.
    #[error("message too long")]
    TooLong,
    /// The peer refused the handshake, or this side refused the peer's.
    #[error("handshake refused")]
    Refused,
    /// The transport ended in the middle.
    #[error("cut off")]
    CutOff,
    /// The peer closed the layer, and not because it was done.
    #[error("closed by the peer")]
    ClosedWithError,
    /// The call makes no sense in this state.
    #[error("not open")]
    NotOpen,
    /// What the peer says is of another protocol altogether.
    #[error("the peer speaks another protocol")]
    OtherProtocol,
    /// No authority that this side trusts has signed the peer's certificate.
    #[error("certificate of an unknown authority")]
    UnknownAuthority,
    /// The peer's certificate is not valid any more.
    #[error("certificate expired")]
    CertificateExpired,
    /// The peer's certificate is not valid yet.
    #[error("certificate not valid yet")]
    CertificateNotYetValid,
    /// The peer's certificate is for other names than the one that was asked for.
    #[error("certificate for another name")]
    WrongName,
    /// The peer's certificate is not acceptable for another reason.
    #[error("certificate not accepted")]
    Certificate,
    /// The peer showed no certificate, and this side wants one.
    #[error("no certificate from the peer")]
    CertificateMissing,
    /// The peer wants a certificate, and this side showed none.
    #[error("certificate required by the peer")]
    CertificateRequired,
    /// The peer did not accept this side's certificate.
    #[error("certificate refused by the peer")]
    CertificateRefused,
    /// Nothing was heard from the peer for too long.
    #[error("timed out")]
    TimedOut,
}
