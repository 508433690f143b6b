//! The program around a contender: bench/README.md has its contract.

use std::collections::BTreeMap;
use std::io::{BufRead, Write, stdin, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::{bail, ensure};
use clap::Parser;
use serde::Serialize;

use super::allocations::{ALLOCATED_BYTES, ALLOCATIONS, COUNTING};
use super::settings::{Cli, Role};
use super::tally::Figures;
use super::workloads::{Contender, Session};

/// What a process has counted: allocations since it was told to.
#[derive(Serialize)]
struct Counters {
    received: u64,
    allocations: u64,
    allocated_bytes: u64,
}

/// What a client does when it is told to go.
pub(crate) type Work<'a> = dyn FnMut() -> anyhow::Result<Figures> + 'a;

/// What the command line asks for.
pub(crate) fn role() -> Role {
    Cli::parse().role
}

/// The main function of a contender's program over tokio.
pub(crate) fn main<C: Contender>(role: Role) -> anyhow::Result<()> {
    ensure!(
        role.form() == C::FORM,
        "there is no form {} here",
        role.form()
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match role {
        Role::Versions => print_versions(C::versions()),
        Role::Serve { .. } => {
            let received = Arc::new(AtomicU64::new(0));
            let address = runtime.block_on(C::serve(Arc::clone(&received)))?;
            obey(&format!("ready {address}"), &received, None)?;
            // What still runs is not waited for.
            std::process::exit(0)
        }
        Role::Load(settings) => {
            settings.validate()?;
            let mut session = runtime.block_on(Session::<C>::open(settings))?;
            let mut work = || runtime.block_on(session.work());
            obey("ready", &AtomicU64::new(0), Some(&mut work))?;
            std::process::exit(0)
        }
    }
}

/// Says that the program is ready and answers what it is told until there is nothing more, which is how it is told to end.
pub(crate) fn obey(
    ready: &str,
    received: &AtomicU64,
    mut work: Option<&mut Work<'_>>,
) -> anyhow::Result<()> {
    writeln!(stdout(), "{ready}")?;
    for line in stdin().lock().lines() {
        match (line?.as_str(), &mut work) {
            (command @ ("counters" | "count" | "settle"), _) => {
                COUNTING.fetch_or(command == "count", Relaxed);
                print(&Counters {
                    received: received.load(Relaxed),
                    allocations: ALLOCATIONS.load(Relaxed),
                    allocated_bytes: ALLOCATED_BYTES.load(Relaxed),
                })?;
            }
            ("go", Some(work)) => print(&work()?)?,
            (unknown, _) => bail!("told {unknown:?}, which it does not understand"),
        }
    }
    Ok(())
}

/// Prints the versions of what is measured, and how it was built.
pub(crate) fn print_versions(versions: Vec<(&'static str, String)>) -> anyhow::Result<()> {
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let mut all: BTreeMap<_, _> = versions.into_iter().collect();
    all.insert("build", build.to_owned());
    print(&all)
}

fn print(answer: &impl Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_string(answer)?;
    line.push('\n');
    let mut out = stdout().lock();
    out.write_all(line.as_bytes())?;
    Ok(out.flush()?)
}
