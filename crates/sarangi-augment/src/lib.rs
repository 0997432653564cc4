#![doc = include_str!("../README.md")]

mod augmenter;
mod beta;
mod change;
mod compose;
mod family;
mod mix;
mod spectrogram;
mod uniform;
mod waveform;

pub use augmenter::Augmenter;
pub use change::{Change, Family, Node, Planned};
pub use compose::{Compose, OneOf, SomeOf};
pub use mix::{CutBox, MixDrawn, MixSpec, Mixer};
pub use spectrogram::{
    Fill, FillMode, FrequencyMasking, FrequencyShift, HorizontalFlip, MapGaussianNoise, Mask,
    RandomErasing, RandomResizedCrop, ResizeNoise, SpecAugmentPolicy, SpectrogramAugmentation,
    TimeMasking, TimeRoll, TimeWarp, VerticalFlip, ZoomShift,
};
pub use uniform::Uniform;
pub use waveform::{
    Gain, PitchShift, PitchShiftPlan, StretchMethod, TimeStretch, TimeStretchPlan,
    WaveformAugmentation,
};
