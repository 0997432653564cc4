#![doc = include_str!("../README.md")]

mod analysis;
mod beat;
mod beat_mfcc;
mod beat_tracker;
mod channels;
mod check;
mod chroma_stft;
mod colour_map;
mod decibels;
mod delta;
mod feature_spec;
mod five_channel;
mod log_mel;
mod matrix;
mod median;
mod mel;
mod mel_bank;
mod mfcc;
mod onset;
mod picture;
mod rms;
mod samples;
mod spectrogram;
mod tempo;
mod tempogram;
mod tuning;

#[cfg(feature = "png")]
mod png;

pub use analysis::Analysis;
pub use beat::{Beat, BeatSpec};
pub use beat_mfcc::{BeatMfcc, BeatMfccSpec};
pub use beat_tracker::Beats;
pub use channels::ChannelFeature;
pub use chroma_stft::{ChromaStft, ChromaStftSpec, FrameNorm};
pub use colour_map::{Colour, ColourMap};
pub use decibels::{Decibels, Peak, Reference};
pub use delta::{Delta, DeltaSpec};
pub use feature_spec::{FeatureEntry, FeatureSpec};
pub use five_channel::{FiveChannel, FiveChannelSpec};
pub use log_mel::{LogMel, LogMelSpec};
pub use mel::{Mel, MelSpec};
pub use mel_bank::{MelBands, MelNorm};
pub use mfcc::{Mfcc, MfccSpec};
pub use onset::{Aggregate, Onset, OnsetSpec};
pub use picture::Picture;
pub use rms::{Rms, RmsSpec};
pub use samples::{Samples, SamplesSpec};
pub use spectrogram::{PowerSpec, Spectrogram, StftMagnitudeSpec};
pub use tempogram::{Tempogram, TempogramSpec};
