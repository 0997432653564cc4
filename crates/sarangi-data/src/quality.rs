//! What may be wrong with the files of a data set, for a person to judge.

mod clipping;
mod finding;
mod picture;
mod report;
mod review;
mod same;
mod silence;
mod sound;
mod spec;
mod usual;

pub use finding::{Finding, FindingKind};
pub use picture::PictureQuality;
pub use report::{CheckedClass, CheckedFile, Quality, QualityReport};
pub use review::{Review, ReviewRow};
pub use silence::{Silence, SilencePlace};
pub use sound::SoundQuality;
pub use spec::QualitySpec;
