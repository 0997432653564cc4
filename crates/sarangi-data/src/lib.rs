#![doc = include_str!("../README.md")]

mod augmented;
mod augmented_copy;
mod batch_augment;
mod cache;
mod content;
mod corpus;
mod dataset;
mod fingerprint;
mod front_end;
mod leak;
mod listed;
mod listing;
mod loader;
mod normalise;
mod quality;
mod sampler;
mod split;

pub use augmented::Augmented;
pub use augmented_copy::AugmentedCopy;
pub use batch_augment::BatchAugment;
pub use cache::FeatureCache;
pub use content::content_digest;
pub use corpus::{Corpus, Track};
pub use dataset::{Chunks, Example};
pub use fingerprint::{Fingerprint, NearDuplicate, near_duplicates};
pub use front_end::{
    Colour, FrontEnd, FrontEndSpec, PictureFrontEnd, PictureSpec, SoundFrontEnd, SoundSpec,
};
pub use leak::{Bond, Leak, LeakPolicy, Leaks};
pub use listed::Listed;
pub use listing::{ListedFile, Listing};
pub use loader::{Batch, BatchSpec, Place, for_each_batch, for_each_share, shuffled};
pub use normalise::{Normalisation, NormaliseSpec};
pub use quality::{
    CheckedClass, CheckedFile, Finding, FindingKind, PictureQuality, Quality, QualityReport,
    QualitySpec, Review, ReviewRow, Silence, SilencePlace, SoundQuality,
};
pub use sampler::Sampler;
pub use split::{FoldsBy, Holdout, HoldoutBy, Item, KFold, Part, Split, SplitSpec};
