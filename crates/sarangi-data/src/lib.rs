#![doc = include_str!("../README.md")]

mod augmented;
mod augmented_copy;
mod batch_augment;
mod cache;
mod content;
mod corpus;
mod dataset;
mod front_end;
mod loader;
mod normalise;
mod split;

pub use augmented::Augmented;
pub use augmented_copy::AugmentedCopy;
pub use batch_augment::BatchAugment;
pub use cache::FeatureCache;
pub use content::content_digest;
pub use corpus::{Corpus, Track};
pub use dataset::{Chunks, Example};
pub use front_end::{FrontEnd, FrontEndSpec};
pub use loader::{Batch, BatchSpec, for_each_batch, shuffled};
pub use normalise::{Normalisation, NormaliseSpec};
pub use split::{Item, Part, Split, SplitSpec};
