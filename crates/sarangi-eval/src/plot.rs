//! Pictures of an evaluation, as PNG.
//!
//! Drawn by a small canvas of our own on the rasteriser of `ab_glyph`: one fill with smooth edges
//! serves letters, lines and discs, text can stand at any angle, and no font need be installed.

mod axis;
mod canvas;
mod confusion;
mod curves;
mod palette;
mod text;

pub use confusion::{ConfusionStyle, plot_confusion};
pub use curves::{EpochPoint, plot_curves};
