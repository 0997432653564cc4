//! How far results can be trusted, and compared.

mod bootstrap;
mod distributions;
mod folds;
mod intervals;
mod mcnemar;

pub use bootstrap::{Bootstrap, Interval};
pub use folds::FoldSummary;
pub use intervals::{Intervals, LevelIntervals};
pub use mcnemar::McNemar;
