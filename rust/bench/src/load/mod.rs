//! What the contenders of the benchmark that are written in Rust have in common: the small interface that a library is put behind, the
//! workloads that run over it, and the program around both. bench/README.md has the program's contract.
//!
//! The contender over rsocket_rust, which has a workspace of its own, includes these files too.

pub(crate) mod allocations;
pub(crate) mod data;
pub(crate) mod latencies;
pub(crate) mod program;
pub(crate) mod settings;
pub(crate) mod tally;
pub(crate) mod workloads;

pub(crate) use data::{parse_stream, put_index};
pub(crate) use settings::Settings;
pub(crate) use workloads::{Connection, Contender};
