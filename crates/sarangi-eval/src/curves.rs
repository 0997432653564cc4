//! Curves over all thresholds, from probabilities.

mod class_curves;
mod precision_recall;
mod ranking;
mod roc;

pub use class_curves::{Areas, Curves, MeanCurve};
pub use precision_recall::{PrCurve, PrPoint};
pub use roc::{RocCurve, RocPoint};

pub(crate) use class_curves::areas;
