//! Onsets, tempo and beats.

pub(crate) mod accents;
pub(crate) mod beat;
pub(crate) mod beat_finder;
pub(crate) mod beat_mfcc;
pub(crate) mod beat_sync;
pub(crate) mod beat_tracker;
pub(crate) mod fourier_tempogram;
pub(crate) mod marks;
pub(crate) mod mean_autocorrelation;
pub(crate) mod metrical;
pub(crate) mod onset;
pub(crate) mod onset_curve;
pub(crate) mod onset_detect;
pub(crate) mod peak_pick;
pub(crate) mod plp;
pub(crate) mod tempo;
pub(crate) mod tempo_candidates;
pub(crate) mod tempo_spec;
pub(crate) mod tempogram;
pub(crate) mod tracking;
