//! How long sums over all ranks take:
//!
//! ```sh
//! cargo build --release -p sarangi-cluster --features mpi --example all_reduce
//! mpirun -n 2 target/release/examples/all_reduce
//! ```

use std::error::Error;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use sarangi_cluster::join;
use sarangi_core::Communicator;

/// f32 values of a sum; the last two are the gradients of ResNet-34 and of a bucket.
const SIZES: [usize; 6] = [1, 1 << 10, 1 << 14, 1 << 16, 1 << 20, 21_300_000];

fn main() -> Result<(), Box<dyn Error>> {
    let ranks = join()?;
    if ranks.is_first() {
        let size = ranks.size();
        writeln!(
            stdout(),
            "{size} ranks\n\n| f32 values | bytes | median | bytes/s |\n|--:|--:|--:|--:|"
        )?;
    }
    for size in SIZES {
        let time = median(ranks.as_ref(), size)?;
        if ranks.is_first() {
            let bytes = 4 * size;
            let speed = bytes as f64 / time.as_secs_f64() / 1e9;
            let micros = time.as_secs_f64() * 1e6;
            writeln!(
                stdout(),
                "| {size} | {bytes} | {micros:.1} µs | {speed:.2} GB/s |"
            )?;
        }
    }
    Ok(())
}

/// The median of some sums of so many values.
fn median(ranks: &dyn Communicator, size: usize) -> Result<Duration, Box<dyn Error>> {
    let mut values = vec![1.0f32; size];
    let times = if size > 1 << 22 { 7 } else { 51 };
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        values.fill(1.0);
        ranks.barrier()?;
        let begun = Instant::now();
        ranks.all_reduce_sum(&mut values)?;
        taken.push(begun.elapsed());
        if values.iter().any(|sum| *sum != ranks.size() as f32) {
            return Err("a sum is wrong".into());
        }
    }
    taken.sort_unstable();
    Ok(taken[times / 2])
}
