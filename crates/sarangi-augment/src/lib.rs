#![doc = include_str!("../README.md")]

mod augmenter;
mod beta;
mod change;
mod channels;
mod compose;
mod fade;
mod family;
mod filter;
mod level;
mod mix;
mod noise;
mod pad;
mod percentile;
mod plain;
mod policy;
mod sounds;
mod spectrogram;
mod uniform;
mod waveform;

pub use augmenter::Augmenter;
pub use change::{Change, Family, Node, Planned};
pub use compose::{Compose, OneOf, SomeOf};
pub use mix::{CutBox, MixDrawn, MixSpec, Mixer};
pub use pad::{PadMode, PadSection};
pub use policy::{Policy, PolicySpec};
pub use sounds::Sounds;
pub use spectrogram::{
    Fill, FillMode, FrequencyMasking, FrequencyShift, HorizontalFlip, MapGaussianNoise, Mask,
    RandomErasing, RandomResizedCrop, ResizeNoise, SpecAugmentPolicy, SpectrogramAugmentation,
    TimeMasking, TimeRoll, TimeWarp, VerticalFlip, ZoomShift,
};
pub use uniform::Uniform;
pub use waveform::{
    AdjustDuration, AirAbsorption, Aliasing, ApplyTo, BackgroundNoise, BandPass, BandStop,
    BitCrush, ChannelShuffle, Clip, Clipping, ClippingDistortion, ColorNoise, Gain, GainRamp,
    GaussianNoise, GaussianSnr, HighPass, HighShelf, ImpulseResponse, Limiter,
    LoudnessNormalization, LowPass, LowShelf, Normalize, Padding, Peaking, PitchShift,
    PitchShiftPlan, PolarityInversion, RepeatMode, RepeatPart, ResampleJitter, Reverb, Reverse,
    SevenBandParametricEq, Shift, StretchMethod, TanhDistortion, ThresholdMode, TimeMask,
    TimeStretch, TimeStretchPlan, Trim, WaveformAugmentation,
};
