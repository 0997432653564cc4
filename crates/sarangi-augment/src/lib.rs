#![doc = include_str!("../README.md")]

mod augmenter;
mod change;
mod compose;
mod family;
mod policy;
mod uniform;
mod waveform;

pub use augmenter::Augmenter;
pub use change::{Change, Family, Node, Planned};
pub use compose::{Compose, OneOf, SomeOf};
pub use policy::{Policy, PolicySpec};
pub use uniform::Uniform;
pub use waveform::{
    Gain, PitchShift, PitchShiftPlan, StretchMethod, TimeStretch, TimeStretchPlan,
    WaveformAugmentation,
};
