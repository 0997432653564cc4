//! The tables of docs/scaling.md: how much of their time ranks compute, on paper.
//!
//! ```sh
//! cargo run -p sarangi-cluster --example efficiency
//! ```

use std::error::Error;
use std::io::{Write, stdout};

/// A network and what a step of it takes one rank.
struct Network {
    name: &'static str,
    /// Numbers that training moves.
    parameters: f64,
    /// Batch norms, each of which sums twice in a step if it is synchronised.
    norms: f64,
    /// Chunks of a rank's share, and seconds of its step as measured on two cores.
    share: f64,
    step: f64,
}

/// What ranks talk over.
struct Wire {
    name: &'static str,
    /// Bytes a second that each rank sends and receives at once.
    bandwidth: f64,
    /// Seconds until a message of no length is there.
    latency: f64,
}

/// How much faster than the measured two cores a rank is.
struct Rank {
    name: &'static str,
    speed: f64,
    wires: &'static [Wire],
}

const NETWORKS: [Network; 2] = [
    Network {
        name: "ResNet-34",
        parameters: 21.3e6,
        norms: 36.0,
        share: 8.0,
        step: 0.257,
    },
    Network {
        name: "legacy Xception",
        parameters: 22.9e6,
        norms: 40.0,
        share: 4.0,
        step: 0.632,
    },
];

const NETS: [Wire; 3] = [
    Wire {
        name: "1 Gbit/s",
        bandwidth: 0.117e9,
        latency: 50e-6,
    },
    Wire {
        name: "10 Gbit/s",
        bandwidth: 1.17e9,
        latency: 30e-6,
    },
    Wire {
        name: "100 Gbit/s",
        bandwidth: 11e9,
        latency: 3e-6,
    },
];

const FABRICS: [Wire; 2] = [
    Wire {
        name: "100 Gbit/s",
        bandwidth: 11e9,
        latency: 10e-6,
    },
    Wire {
        name: "400 Gbit/s",
        bandwidth: 45e9,
        latency: 10e-6,
    },
];

const RANKS: [Rank; 3] = [
    Rank {
        name: "2 cores, as measured",
        speed: 1.0,
        wires: &NETS,
    },
    Rank {
        name: "64 cores, taken to be 20 times as fast",
        speed: 20.0,
        wires: &NETS,
    },
    Rank {
        name: "a GPU, taken to be 400 times as fast",
        speed: 400.0,
        wires: &FABRICS,
    },
];

const SIZES: [f64; 3] = [8.0, 64.0, 512.0];

/// Bytes of a bucket of gradients.
const BUCKET: f64 = 4.0 * 1024.0 * 1024.0;

/// The share of a step that is the way back, in which gradients travel.
const BACK: f64 = 2.0 / 3.0;

impl Wire {
    /// A sum of many numbers, by halving and doubling: every rank sends each byte nearly twice. A ring
    /// sends as many bytes in 2 (n − 1) messages instead of these, and is no better here.
    fn sum(&self, ranks: f64, bytes: f64) -> f64 {
        let messages = 2.0 * ranks.log2().ceil();
        messages * self.latency + 2.0 * (ranks - 1.0) / ranks * bytes / self.bandwidth
    }

    /// A sum of a few numbers, by doubling.
    fn small(&self, ranks: f64) -> f64 {
        ranks.log2().ceil() * self.latency
    }
}

/// The share of its time that a rank computes.
fn efficiency(network: &Network, speed: f64, wire: &Wire, ranks: f64, synchronised: bool) -> f64 {
    let step = network.step / speed;
    let bytes = 4.0 * network.parameters;
    let buckets = (bytes / BUCKET).ceil();
    let sum = buckets * wire.sum(ranks, bytes / buckets);
    // The last bucket is complete when the way back is over.
    let last = wire.sum(ranks, bytes / buckets);
    let hidden = BACK * step;
    let waits = last.max(sum - hidden);
    let norms = if synchronised {
        2.0 * network.norms * wire.small(ranks)
    } else {
        0.0
    };
    // The sums of the loss.
    step / (step + waits + norms + wire.small(ranks))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = stdout().lock();
    for rank in &RANKS {
        writeln!(out, "\nA rank of {}:\n", rank.name)?;
        writeln!(
            out,
            "| network | wire | 8 ranks | 64 | 512 | 512, norms not synchronised |"
        )?;
        writeln!(out, "|---|---|--:|--:|--:|--:|")?;
        for network in &NETWORKS {
            let share = network.share * rank.speed.clamp(1.0, 8.0);
            // A larger share for a faster rank, as one would have it.
            let speed = rank.speed * network.share / share;
            for wire in rank.wires {
                let of = |ranks, all| 100.0 * efficiency(network, speed, wire, ranks, all);
                let [a, b, c] = SIZES.map(|ranks| of(ranks, true));
                let own = of(SIZES[2], false);
                let name = format!("{}, {share:.0} chunks a rank", network.name);
                writeln!(
                    out,
                    "| {name} | {} | {a:.0} % | {b:.0} % | {c:.0} % | {own:.0} % |",
                    wire.name
                )?;
            }
        }
    }
    Ok(())
}
