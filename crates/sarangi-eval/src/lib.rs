#![doc = include_str!("../README.md")]

mod agreement;
mod calibration;
mod class_score;
mod confusion;
mod curves;
mod evaluation;
mod plot;
mod pooling;
mod predictions;
mod predictions_file;
mod probabilities;
mod report;
mod scores;
mod statistics;
mod temperature;
mod text_report;
mod text_width;
mod threshold;
mod top_k;

pub use calibration::{Calibration, ReliabilityBin};
pub use class_score::ClassScore;
pub use confusion::{ConfusedPair, Confusion};
pub use curves::{Areas, Curves, MeanCurve, PrCurve, PrPoint, RocCurve, RocPoint};
pub use evaluation::Evaluation;
pub use plot::{
    ConfusionStyle, EpochPoint, plot_class_counts, plot_confusion, plot_curves,
    plot_precision_recall, plot_reliability, plot_roc,
};
pub use pooling::{Pooling, Verdict};
pub use predictions::{Prediction, Predictions};
pub use probabilities::arg_max;
pub use report::{
    ClassCounts, ClassSample, ComparedRun, ComparisonReport, Fact, GalleryItem, ReportPart,
    RunReport, Warning, data_uri,
};
pub use scores::Scores;
pub use statistics::{Bootstrap, FoldSummary, Interval, Intervals, LevelIntervals, McNemar};
pub use temperature::Temperature;
pub use threshold::confidence_threshold;
pub use top_k::{TopK, top_k_accuracy};
