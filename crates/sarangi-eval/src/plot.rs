//! Pictures of an evaluation, as PNG.

mod confusion;
mod curves;

pub use confusion::{ConfusionStyle, plot_confusion};
pub use curves::{EpochPoint, plot_curves};
