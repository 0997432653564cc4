//! Pictures of an evaluation, as PNG.

mod class_counts;
mod class_curves;
mod confusion;
mod curves;
mod reliability;
mod square;

pub use class_counts::plot_class_counts;
pub use class_curves::{plot_precision_recall, plot_roc};
pub use confusion::{ConfusionStyle, plot_confusion};
pub use curves::{EpochPoint, plot_curves};
pub use reliability::plot_reliability;
