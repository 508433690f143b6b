//! QUIC's functions. What is behind them has its tests in `rsocket_quic`.

use std::ptr::{null, null_mut};

use crate::quic::{rsocket_quic_connect, rsocket_quic_is_built, rsocket_quic_listen};
use crate::result::rsocket_result;

const MS: u64 = 20_000;

/// Connects without certificates.
fn connect(addresses: &str, name: &str) -> (rsocket_result, i32) {
    let mut descriptor = -1;
    // SAFETY: the arrays are valid, and arrays of length 0 may be NULL.
    let result = unsafe {
        rsocket_quic_connect(
            addresses.as_ptr(),
            addresses.len(),
            name.as_ptr(),
            name.len(),
            null(),
            0,
            null(),
            0,
            null(),
            0,
            MS,
            &raw mut descriptor,
        )
    };
    (result, descriptor)
}

fn listen(socket: i32) -> (rsocket_result, i32) {
    let mut descriptor = -1;
    // SAFETY: arrays of length 0 may be NULL.
    let result = unsafe {
        let descriptor = &raw mut descriptor;
        rsocket_quic_listen(
            socket,
            null(),
            0,
            null(),
            0,
            null(),
            0,
            false,
            MS,
            descriptor,
        )
    };
    (result, descriptor)
}

#[test]
fn null_for_the_descriptor_is_a_result() {
    // SAFETY: arrays of length 0 may be NULL, and NULL is what these functions say they answer.
    unsafe {
        let (none, ms) = (null_mut(), MS);
        let connected = rsocket_quic_connect(
            null(),
            0,
            null(),
            0,
            null(),
            0,
            null(),
            0,
            null(),
            0,
            ms,
            none,
        );
        assert_eq!(connected, rsocket_result::NullArgument);
        let listening = rsocket_quic_listen(0, null(), 0, null(), 0, null(), 0, false, ms, none);
        assert_eq!(listening, rsocket_result::NullArgument);
    }
}

#[cfg(not(all(feature = "quic", unix)))]
#[test]
fn a_library_without_says_so() {
    assert!(!rsocket_quic_is_built());
    assert_eq!(
        connect("127.0.0.1:1", "localhost"),
        (rsocket_result::NotBuilt, -1)
    );
    assert_eq!(listen(0), (rsocket_result::NotBuilt, -1));
}

#[cfg(all(feature = "quic", unix))]
mod built {
    use std::fs::File;
    use std::io::Read;
    use std::net::UdpSocket;
    use std::os::fd::{AsRawFd, FromRawFd};

    use super::*;

    #[test]
    fn arguments_that_make_no_sense() {
        assert!(rsocket_quic_is_built());
        for (addresses, name) in [
            ("", "localhost"),
            ("127.0.0.1", "localhost"),
            ("localhost:1", "localhost"),
            ("127.0.0.1:1", ""),
        ] {
            let refused = (rsocket_result::InvalidArgument, -1);
            assert_eq!(connect(addresses, name), refused, "{addresses} {name}");
        }
        assert_eq!(listen(-1), (rsocket_result::InvalidArgument, -1));
    }

    /// What a descriptor that was given brings, to its end.
    fn read((result, descriptor): (rsocket_result, i32)) -> Vec<u8> {
        assert_eq!(result, rsocket_result::Ok);
        // SAFETY: the library gave it to us.
        let mut file = unsafe { File::from_raw_fd(descriptor) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("it ends");
        bytes
    }

    #[test]
    fn a_server_needs_a_certificate() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let record = read(listen(socket.as_raw_fd()));
        assert_eq!(
            record[4..8],
            (rsocket_result::InvalidArgument as u32).to_be_bytes()
        );
        assert_eq!(record.len(), 4 + record[3] as usize);
    }
}
