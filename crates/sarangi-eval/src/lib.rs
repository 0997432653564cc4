#![doc = include_str!("../README.md")]

mod class_score;
mod confusion;
mod evaluation;
mod plot;
mod pooling;
mod predictions;
mod probabilities;
mod report;
mod scores;
mod text_width;

pub use class_score::ClassScore;
pub use confusion::{ConfusedPair, Confusion};
pub use evaluation::Evaluation;
pub use plot::{ConfusionStyle, EpochPoint, plot_confusion, plot_curves};
pub use pooling::{Pooling, Verdict};
pub use predictions::{Prediction, Predictions};
pub use probabilities::arg_max;
pub use scores::Scores;
