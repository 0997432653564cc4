//! The peers in Rust of `python benches/compare.py`: `sarangi-peers NAME` is the worker of one. The protocol is
//! in `benches/comparison/worker.py`, the specs in `benches/comparison/suites/features.py`, which also says
//! what each computes otherwise than the rows say.

mod answer;
#[path = "../../feature_row.rs"]
mod feature_row;
mod mel_spec;
mod rosa;
mod rubato;
#[path = "../../serving.rs"]
mod serving;
mod spectrograms;
mod wavelets;

use anyhow::{Result, bail};
use feature_row::Row;
use serving::{Iteration, serve};

const PEERS: [(&str, fn(&Row) -> Result<Iteration>); 6] = [
    ("fastcwt", wavelets::fastcwt),
    ("mel_spec", mel_spec::build),
    ("rosa", rosa::build),
    ("rubato", rubato::build),
    ("scalet", wavelets::scalet),
    ("spectrograms", spectrograms::build),
];

fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_default();
    match PEERS.iter().find(|(known, _)| *known == name) {
        Some((_, build)) => serve(&format!("{name} {}", version(&name)), || {}, build),
        None => bail!(
            "unknown peer {name:?}; known are {:?}",
            PEERS.map(|(known, _)| known)
        ),
    }
}

/// The newest version of a package in the lock file, which is the one named in `Cargo.toml`.
fn version(name: &str) -> &'static str {
    include_str!("Cargo.lock")
        .split(&format!("name = \"{name}\"\nversion = \""))
        .last()
        .and_then(|rest| rest.split('"').next())
        .unwrap_or("?")
}
