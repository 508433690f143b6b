//! Any frames, any fragments of them, any cuts.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Cuts bytes at these places.
fn pieces(bytes: &[u8], cuts: &[Index]) -> Vec<Vec<u8>> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut begin = 0;
    let mut pieces = Vec::new();
    for place in places.into_iter().chain([bytes.len()]) {
        pieces.push(bytes[begin..place].to_vec());
        begin = place;
    }
    pieces
}

/// A message as a peer may send it: in fragments, with pings between them.
fn in_fragments(role: Role, message: &[u8], cuts: &[Index], ping: Option<&[u8]>) -> Vec<u8> {
    let fragments = pieces(message, cuts);
    let mut bytes = Vec::new();
    for (i, fragment) in fragments.iter().enumerate() {
        let last = if i + 1 == fragments.len() { 0x80 } else { 0 };
        let opcode = if i == 0 { 2 } else { 0 };
        bytes.extend(frame_for(role, last | opcode, fragment));
        if let Some(payload) = ping {
            bytes.extend(frame_for(role, PING, payload));
        }
    }
    bytes
}

fn arb_role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn arb_frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let len = prop_oneof![0..200_usize, 65_500..65_600_usize];
    vec(len.prop_flat_map(|len| vec(any::<u8>(), len)), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_arrive_as_they_were(
        role in arb_role(),
        frames in arb_frames(),
        above in vec(any::<Index>(), 0..20),
        wire in vec(any::<Index>(), 0..20),
    ) {
        let other = if role == Role::Client { Role::Server } else { Role::Client };
        let (mut sender, mut receiver) = (End::open(role), End::open(other));
        let plain: Vec<u8> = frames.iter().flat_map(|frame| prefixed(frame)).collect();
        for piece in pieces(&plain, &above) {
            sender.send(&piece).expect("it is open");
        }
        for piece in pieces(&sender.take_wire(), &wire) {
            receiver.receive(&piece).expect("the sides agree");
        }
        prop_assert!(receiver.take_plain() == plain);
        prop_assert!(receiver.take_wire().is_empty());
    }

    #[test]
    fn fragments_are_joined_wherever_they_are_cut(
        role in arb_role(),
        messages in vec((vec(any::<u8>(), 0..300), vec(any::<Index>(), 0..5)), 0..6),
        ping in proptest::option::of(vec(any::<u8>(), 0..125)),
        wire in vec(any::<Index>(), 0..20),
    ) {
        let mut end = End::open(role);
        let mut bytes = Vec::new();
        let mut pongs = 0;
        for (message, cuts) in &messages {
            bytes.extend(in_fragments(role, message, cuts, ping.as_deref()));
            pongs += if ping.is_some() { cuts.len() + 1 } else { 0 };
        }
        for piece in pieces(&bytes, &wire) {
            end.receive(&piece).expect("the peer keeps to the rules");
        }
        let expected: Vec<u8> = messages.iter().flat_map(|(message, _)| prefixed(message)).collect();
        prop_assert_eq!(end.take_plain(), expected);
        let answers = short_frames(&end.take_wire());
        prop_assert_eq!(answers.len(), pongs);
        for (first, payload) in answers {
            prop_assert_eq!(first, PONG);
            prop_assert_eq!(Some(payload), ping.clone());
        }
    }

    /// Whatever comes, it neither panics nor holds more than it was sent.
    #[test]
    fn any_bytes_are_survived(
        role in arb_role(),
        bytes in vec(any::<u8>(), 0..600),
        wire in vec(any::<Index>(), 0..10),
        handshake in any::<bool>(),
    ) {
        let mut end = match (handshake, role) {
            (true, Role::Client) => End::client(&ClientOptions::new("a")),
            (true, Role::Server) => End::server(ServerOptions::default()),
            (false, _) => End::open(role),
        };
        for piece in pieces(&bytes, &wire) {
            if end.receive(&piece).is_err() {
                break;
            }
        }
        prop_assert!(end.take_plain().len() <= bytes.len() * 2);
        let _ = end.layer.end();
    }
}
