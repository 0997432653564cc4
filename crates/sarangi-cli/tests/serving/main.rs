//! `sarangi serve` as clients, strangers and browsers meet it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failure here is a failed test"
)]

mod browser;
mod client;
mod concurrent;
mod flac_bomb;
mod hostile;
mod limits;
mod model;
mod mutation;
mod reloading;
mod routes;
mod running;
mod shutdown;
mod webdriver;
