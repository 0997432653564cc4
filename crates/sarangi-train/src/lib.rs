#![doc = include_str!("../README.md")]

mod average;
mod classifier;
mod early_stopping;
mod event;
mod exhibits;
mod folds;
mod grad_cam;
mod history;
mod loss;
mod model_file;
mod monitor;
mod neighbours;
mod on_device;
mod onnx;
mod optimiser;
mod optimiser_spec;
mod parameter_rules;
mod precision;
mod prepared_data;
mod recipe;
mod run;
mod scaler;
mod schedule;
mod score;
mod shared_file;
mod state;
mod tensor_file;
mod tensorboard;
mod train;
mod training;
mod training_spec;
mod transfer;

pub use average::EmaSpec;
pub use classifier::{
    ChunkVerdict, Classification, Classifier, Evaluated, Listener, Prepared, Update,
};
pub use early_stopping::EarlyStopping;
pub use event::{Event, Observer};
pub use folds::{FoldScore, Folds, FoldsSummary, Together, Trained, train_all};
pub use grad_cam::GradCam;
pub use history::EpochRecord;
pub use loss::{ClassWeightRule, ClassWeights, LossSpec};
pub use model_file::{ModelCard, ModelFile};
pub use monitor::Monitor;
pub use neighbours::{EmbeddingIndex, Neighbour};
pub use on_device::{DeviceFeatures, OnDeviceSpec};
pub use optimiser::{Optimiser, Rate};
pub use optimiser_spec::OptimiserSpec;
pub use parameter_rules::{LrFactor, ParameterRules};
pub use precision::Precision;
pub use recipe::{PredictionSpec, Recipe};
pub use run::Run;
pub use scaler::{GradScaler, ScalerSpec};
pub use schedule::{
    AnnealStrategy, EpochRates, OneCycle, Plateau, PlateauMode, ScheduleSpec, Stage, Standing,
    ThresholdMode,
};
pub use score::score;
pub use train::{Outcome, TrainOptions, train};
pub use training_spec::{ClipSpec, TrainingSpec};
pub use transfer::{InitSpec, Unfreeze};
