#![doc = include_str!("../README.md")]

mod classifier;
mod event;
mod history;
mod model_file;
mod onnx;
mod optimiser;
mod recipe;
mod run;
mod schedule;
mod score;
mod state;
mod tensor_file;
mod train;
mod training;

pub use classifier::{ChunkVerdict, Classification, Classifier};
pub use event::{Event, Observer};
pub use history::EpochRecord;
pub use model_file::{ModelCard, ModelFile};
pub use optimiser::{Adam, OptimiserSpec};
pub use recipe::{PredictionSpec, Recipe, TrainingSpec};
pub use run::Run;
pub use schedule::{ScheduleSpec, Stage};
pub use score::score;
pub use train::{Outcome, TrainOptions, train};
