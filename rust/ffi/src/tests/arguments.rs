//! Arguments that make no sense: NULL, lengths, offsets, kinds and combinations.

use super::*;

#[test]
fn null_for_a_handle_is_a_result() {
    let null_argument = rsocket_result::NullArgument;
    assert_eq!(Call::of(null_mut()).make(), null_argument);
    let (mut reason, mut setup) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: NULL is what these functions say they answer.
    unsafe {
        assert!(rsocket_connection_new(null(), START).is_null());
        assert!(rsocket_connection_arena(null_mut()).is_null());
        let results = [
            rsocket_connection_close_reason(null_mut(), reason.as_mut_ptr()),
            rsocket_connection_setup(null_mut(), setup.as_mut_ptr()),
            rsocket_config_set_limit(null_mut(), RSOCKET_LIMIT_FRAME_LEN, 1),
            rsocket_config_set_keepalive(null_mut(), 1, 1),
            rsocket_config_set_mime_types(null_mut(), null(), 0, null(), 0),
            rsocket_config_set_setup_payload(null_mut(), false, null(), 0, null(), 0),
        ];
        assert_eq!(results, [null_argument; 6]);
    }
}

#[test]
fn freeing_null_is_nothing() {
    // SAFETY: NULL is what these functions say they take.
    unsafe {
        rsocket_config_free(null_mut());
        rsocket_connection_free(null_mut());
    }
}

#[test]
fn null_for_an_output_is_a_result() {
    let mut client = Side::client();
    client.run(&Batch::default().tell(RSOCKET_COMMAND_CLOSE, 0, 0x101, b""));
    let server = Side::server();
    // SAFETY: the handles are live, and NULL is what these functions say they answer.
    let results = unsafe {
        [
            rsocket_connection_close_reason(client.connection, null_mut()),
            rsocket_connection_setup(server.connection, null_mut()),
        ]
    };
    assert_eq!(results, [rsocket_result::NullArgument; 2]);
}

type Break = fn(&mut Call);

#[test]
fn null_for_an_array_with_a_length_is_a_result_and_changes_nothing() {
    let breaks: [Break; 7] = [
        |call| call.received = null(),
        |call| call.commands = null(),
        |call| call.command_bytes = null(),
        |call| call.events = null_mut(),
        |call| call.output = null_mut(),
        |call| call.segments = null_mut(),
        |call| call.progress = null_mut(),
    ];
    for break_it in breaks {
        assert_eq!(broken_call(break_it), rsocket_result::NullArgument);
    }
}

#[test]
fn an_array_longer_than_memory_is_a_result_and_changes_nothing() {
    let breaks: [Break; 9] = [
        |call| call.received_len = usize::MAX,
        |call| call.received_len = 1 << 32,
        |call| call.commands_len = usize::MAX,
        |call| call.commands_len = 1 << 28,
        |call| call.command_bytes_len = 1 << 32,
        |call| call.events_cap = usize::MAX / 32 + 1,
        |call| call.output_cap = 1 << 32,
        |call| call.segments_cap = usize::MAX,
        |call| call.segments_cap = 1 << 28,
    ];
    for break_it in breaks {
        assert_eq!(broken_call(break_it), rsocket_result::InvalidArgument);
    }
}

/// The result of a call that is right but for one thing; the same call without it works afterwards.
fn broken_call(break_it: Break) -> rsocket_result {
    let client = Side::client();
    let batch = Batch::default().request(7, None, b"data");
    let received = prefixed(2, request_frame(b""));
    let mut events = vec![rsocket_event::default(); 4];
    let mut output = vec![0; 1_000];
    let mut segments = vec![rsocket_segment::default(); 4];
    let mut progress = MaybeUninit::uninit();
    let mut call = || Call {
        received: received.as_ptr(),
        received_len: received.len(),
        commands: batch.commands.as_ptr(),
        commands_len: 1,
        command_bytes: batch.bytes.as_ptr(),
        command_bytes_len: batch.bytes.len(),
        events: events.as_mut_ptr(),
        events_cap: 4,
        output: output.as_mut_ptr(),
        output_cap: 1_000,
        segments: segments.as_mut_ptr(),
        segments_cap: 4,
        progress: progress.as_mut_ptr(),
        ..Call::of(client.connection)
    };
    let mut broken = call();
    break_it(&mut broken);
    let result = broken.make();
    assert_eq!(call().make(), rsocket_result::Ok);
    // SAFETY: written on success.
    let progress: rsocket_progress = unsafe { progress.assume_init() };
    assert_eq!((progress.events_len, progress.commands_used), (1, 1));
    assert_eq!(progress.received_used, received.len());
    result
}

#[test]
fn null_for_an_array_of_length_0_is_fine() {
    let mut progress = MaybeUninit::uninit();
    let client = Side::client();
    let call = Call {
        progress: progress.as_mut_ptr(),
        ..Call::of(client.connection)
    };
    assert_eq!(call.make(), rsocket_result::Ok);
}

/// Payloads in the command bytes, of which there are 10.
#[test]
fn a_payload_outside_the_command_bytes_is_refused() {
    let payload = |offset, metadata_len, data_len| rsocket_command {
        offset,
        metadata_len,
        data_len,
        flags: RSOCKET_FLAG_METADATA,
        ..command(RSOCKET_COMMAND_REQUEST_RESPONSE, 7, 0)
    };
    let max = u32::MAX;
    let outside = [
        payload(0, 0, 11),
        payload(0, 11, 0),
        payload(5, 3, 3),
        payload(10, 0, 1),
        payload(11, 0, 0),
        payload(max, 0, 0),
        payload(0, max, max),
        payload(max, max, max),
    ];
    for command in outside {
        assert_malformed(command);
    }
    let inside = payload(10, 0, 0);
    assert_eq!(Side::client().run(&with_ten_bytes(inside)), []);
}

fn with_ten_bytes(command: rsocket_command) -> Batch {
    let mut batch = Batch::default().push(command);
    batch.bytes = vec![b'x'; 10];
    batch
}

#[track_caller]
fn assert_malformed(command: rsocket_command) {
    let mut server = Side::server();
    server.receive(1, request_frame(b""));
    let seen = server.run(&with_ten_bytes(command));
    assert_eq!(
        seen,
        [Seen {
            kind: RSOCKET_EVENT_REFUSED,
            token: command.token,
            stream: command.stream,
            code: rsocket_result::InvalidArgument as u32,
            ..Seen::default()
        }],
        "{command:?}"
    );
    server.assert_sent(&[]);
    assert_eq!(server.run(&Batch::default().respond(1, None, b"")), []);
}

#[test]
fn a_kind_that_does_not_exist_is_refused() {
    for kind in [0, 19, u16::MAX] {
        assert_malformed(command(kind, 7, 1));
    }
}

#[test]
fn metadata_without_its_flag_is_refused() {
    for kind in [
        RSOCKET_COMMAND_REQUEST_RESPONSE,
        RSOCKET_COMMAND_FIRE_AND_FORGET,
        RSOCKET_COMMAND_REQUEST_STREAM,
        RSOCKET_COMMAND_REQUEST_CHANNEL,
        RSOCKET_COMMAND_RESPOND,
        RSOCKET_COMMAND_ITEM,
    ] {
        assert_malformed(rsocket_command {
            metadata_len: 1,
            ..command(kind, 7, 1)
        });
    }
}

#[test]
fn a_message_in_the_callers_memory_is_refused() {
    for kind in [
        RSOCKET_COMMAND_RESPOND_ERROR,
        RSOCKET_COMMAND_ERROR,
        RSOCKET_COMMAND_CLOSE,
        RSOCKET_COMMAND_METADATA_PUSH,
    ] {
        assert_malformed(rsocket_command {
            data_len: 1,
            flags: RSOCKET_FLAG_EXTERNAL,
            ..command(kind, 0, 1)
        });
    }
}

#[test]
fn a_setting_out_of_range_is_refused() {
    let settings = Settings::client();
    let invalid = rsocket_result::InvalidArgument;
    assert_eq!(settings.set_limit(0, 1), invalid);
    assert_eq!(settings.set_limit(11, 1), invalid);
    for (interval, lifetime) in [(0, 1), (1, 0), (1 << 31, 1), (1, u32::MAX)] {
        assert_eq!(settings.set_keepalive(interval, lifetime), invalid);
    }
    assert_eq!(settings.set_mime_types(b"a/b", &[b'x'; 256]), invalid);
    assert_eq!(settings.set_mime_types(&[b'x'; 256], b"a/b"), invalid);
    assert_eq!(
        settings.set_mime_types(b"a/b", "\u{2603}".as_bytes()),
        invalid
    );
}

#[test]
fn the_largest_settings_are_taken() {
    let settings = Settings::client();
    for limit in 1..=10 {
        assert_eq!(settings.set_limit(limit, u64::MAX), rsocket_result::Ok);
    }
    assert_eq!(
        settings.set_keepalive(0x7FFF_FFFF, 0x7FFF_FFFF),
        rsocket_result::Ok
    );
    assert_eq!(
        settings.set_mime_types(&[b'x'; 255], b""),
        rsocket_result::Ok
    );
    let mut client = Side::new(&settings);
    client.run(&Batch::default());
    assert_eq!(client.sent().len(), 1);
}

#[test]
fn null_and_lengths_of_a_setting_are_checked() {
    let settings = Settings::client();
    let byte = b"x".as_ptr();
    let too_long = u32::MAX as usize + 1;
    // SAFETY: the handle is live, and the functions must not follow the pointers.
    unsafe {
        let null_argument = [
            rsocket_config_set_mime_types(settings.0, null(), 1, byte, 1),
            rsocket_config_set_mime_types(settings.0, byte, 1, null(), 1),
            rsocket_config_set_setup_payload(settings.0, true, null(), 1, byte, 1),
            rsocket_config_set_setup_payload(settings.0, true, byte, 1, null(), 1),
        ];
        assert_eq!(null_argument, [rsocket_result::NullArgument; 4]);
        let invalid = [
            rsocket_config_set_mime_types(settings.0, byte, too_long, byte, 1),
            rsocket_config_set_setup_payload(settings.0, true, byte, 1, byte, too_long),
        ];
        assert_eq!(invalid, [rsocket_result::InvalidArgument; 2]);
    }
}

// Conforms: framing/max-frame
#[test]
fn a_setup_payload_that_fits_no_frame_is_refused() {
    let settings = Settings::client();
    let large = vec![0; 0xFF_FFFF];
    let result = settings.set_setup_payload(None, &large);
    assert_eq!(result, rsocket_result::PayloadTooLarge);
}
