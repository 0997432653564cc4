#![doc = include_str!("../README.md")]

mod answer;
mod app;
mod batcher;
mod budget;
mod connections;
mod failure;
mod file_name;
mod formats;
mod guard;
mod histogram;
mod jobs;
mod limits;
mod metrics;
mod models;
mod openapi;
mod page;
mod portrait;
mod predict_v0;
mod predict_v1;
mod queue;
mod reload;
mod request_log;
mod server;
mod settings;
mod signals;
mod status;
mod upload;

pub use limits::Limits;
pub use server::{ServeOptions, Server, Stopper};
