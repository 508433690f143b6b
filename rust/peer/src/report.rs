//! Lines on standard output: a scenario's results as JSON, and the server's events.

use std::io::{self, Write};

use anyhow::Context;
use rsocket_runtime::Payload;
use serde::Serialize;
use serde_json::json;

use crate::bytes::{digest, metadata_digest};
use crate::client::Failure;

/// Prints results under a scenario's name.
pub(crate) struct Report {
    scenario: String,
}

#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    index: u32,
    ok: bool,
    data: String,
    metadata: String,
    error: &'a str,
    code: u32,
}

/// What came of a stream or a channel.
#[derive(Default, Serialize)]
pub(crate) struct ItemsLine {
    /// How many items came.
    pub(crate) items: u32,
    /// Each was the one that was expected.
    pub(crate) ordered: bool,
    pub(crate) error: String,
    pub(crate) code: u32,
}

impl ItemsLine {
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.error = failure.text;
        self.code = failure.code;
    }
}

impl Report {
    pub(crate) fn new(scenario: String) -> Self {
        Self { scenario }
    }

    pub(crate) fn result(
        &self,
        index: u32,
        outcome: &Result<Payload, Failure>,
    ) -> anyhow::Result<()> {
        let line = match outcome {
            Ok(payload) => self.success(index, payload),
            Err(failure) => self.failure(index, failure),
        };
        print_json(&line)
    }

    pub(crate) fn items(&self, line: &ItemsLine) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Named<'a> {
            scenario: &'a str,
            #[serde(flatten)]
            line: &'a ItemsLine,
        }
        let scenario = &self.scenario;
        print_json(&Named { scenario, line })
    }

    pub(crate) fn inflight(&self, count: u32) -> anyhow::Result<()> {
        print_json(&json!({ "inflight": count }))
    }

    pub(crate) fn done(&self) -> anyhow::Result<()> {
        print_json(&json!({ "done": true }))
    }

    fn success(&self, index: u32, payload: &Payload) -> Line<'_> {
        Line {
            scenario: &self.scenario,
            index,
            ok: true,
            data: digest(&payload.data),
            metadata: metadata_digest(payload.metadata.as_deref()),
            error: "",
            code: 0,
        }
    }

    fn failure<'a>(&'a self, index: u32, failure: &'a Failure) -> Line<'a> {
        Line {
            scenario: &self.scenario,
            index,
            ok: false,
            data: String::new(),
            metadata: metadata_digest(None),
            error: &failure.text,
            code: failure.code,
        }
    }
}

/// Prints one whole line and flushes it. A reader that went away is no reason to stop serving the other side.
pub(crate) fn print_line(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print_line(&serde_json::to_string(value).context("encoding a line")?);
    Ok(())
}
