//! A worker's side of the protocol of `benches/comparison/worker.py`.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// What an iteration computed, for whoever compares it with what others did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// The shape.
    pub shape: Vec<usize>,
    /// The values, the last axis fastest.
    pub values: Vec<f32>,
}

/// Holds a result until it is dropped or asked for: laying it out belongs to no iteration's time.
pub type Product = Box<dyn FnOnce() -> Values>;

/// Runs a row once.
pub type Iteration = Box<dyn FnMut() -> Result<Product>>;

#[derive(Deserialize)]
struct Request {
    id: String,
    spec: serde_json::Value,
    warm_up: usize,
    repeats: usize,
    values: Option<PathBuf>,
}

/// Answers requests until the input ends. `release` gives back memory that is kept between rows;
/// `build` makes the iteration of a row.
///
/// # Errors
/// A request that is none, or an answer that cannot be written. What goes wrong with a row is
/// answered.
pub fn serve<S: DeserializeOwned>(
    name: &str,
    release: impl Fn(),
    build: impl Fn(&S) -> Result<Iteration>,
) -> Result<()> {
    let mut answers = std::io::stdout().lock();
    writeln!(answers, "{}", json!({ "name": name }))?;
    answers.flush()?;
    let mut built: Option<(String, Iteration)> = None;
    let mut before = None;
    for line in std::io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        if built.as_ref().is_none_or(|(id, _)| *id != request.id) {
            built = None; // Freed before the next is built.
            release();
            before = peak_mb();
        }
        let answer = match run(&request, &mut built, &build) {
            Ok((cpu, wall, shape)) => {
                let risen = peak_mb().zip(before).map(|(now, before)| now - before);
                json!({"cpu_ms": cpu, "wall_ms": wall, "peak_mb": risen, "shape": shape})
            }
            Err(error) => {
                built = None;
                json!({ "error": format!("{error:#}") })
            }
        };
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

type Measured = (Vec<f64>, Vec<f64>, Option<Vec<usize>>);

fn run<S: DeserializeOwned>(
    request: &Request,
    built: &mut Option<(String, Iteration)>,
    build: impl Fn(&S) -> Result<Iteration>,
) -> Result<Measured> {
    if built.is_none() {
        let spec = S::deserialize(&request.spec)?;
        *built = Some((request.id.clone(), build(&spec)?));
    }
    let (_, iteration) = built.as_mut().context("nothing was built")?;
    for _ in 0..request.warm_up {
        drop(iteration()?);
    }
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    for _ in 0..request.repeats {
        let (cpu_start, wall_start) = (cpu_ms(), Instant::now());
        drop(iteration()?);
        cpu.push(cpu_ms() - cpu_start);
        wall.push(wall_start.elapsed().as_secs_f64() * 1e3);
    }
    let mut shape = None;
    if let Some(path) = &request.values {
        let product = iteration()?();
        let bytes: Vec<u8> = product
            .values
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        std::fs::write(path, bytes).with_context(|| path.display().to_string())?;
        shape = Some(product.shape);
    }
    Ok((cpu, wall, shape))
}

/// Processor time of the process so far, in milliseconds.
pub fn cpu_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// The peak of this process's resident memory, where the system tells.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
