//! Lines on standard output: a scenario's results as JSON, and the server's events.

use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;
use serde_json::json;

use crate::bytes::{Message, digest, metadata_digest};
use crate::client::Failure;

/// Prints results under a scenario's name.
pub struct Report {
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
pub struct ItemsLine {
    /// How many items came.
    pub items: u32,
    /// Each was the one that was expected.
    pub ordered: bool,
    pub error: String,
    pub code: u32,
}

impl ItemsLine {
    pub fn fail(&mut self, failure: Failure) {
        self.error = failure.text;
        self.code = failure.code;
    }
}

impl Report {
    pub fn new(scenario: String) -> Self {
        Self { scenario }
    }

    pub fn result(&self, index: u32, outcome: &Result<Message, Failure>) -> anyhow::Result<()> {
        let line = match outcome {
            Ok(message) => self.success(index, message),
            Err(failure) => self.failure(index, failure),
        };
        print_json(&line)
    }

    pub fn items(&self, line: &ItemsLine) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Named<'a> {
            scenario: &'a str,
            #[serde(flatten)]
            line: &'a ItemsLine,
        }
        let scenario = &self.scenario;
        print_json(&Named { scenario, line })
    }

    pub fn inflight(&self, count: u32) -> anyhow::Result<()> {
        print_json(&json!({ "inflight": count }))
    }

    pub fn done(&self) -> anyhow::Result<()> {
        print_json(&json!({ "done": true }))
    }

    fn success(&self, index: u32, message: &Message) -> Line<'_> {
        Line {
            scenario: &self.scenario,
            index,
            ok: true,
            data: digest(&message.data),
            metadata: metadata_digest(message.metadata.as_deref()),
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
pub fn print_line(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print_line(&serde_json::to_string(value).context("encoding a line")?);
    Ok(())
}
