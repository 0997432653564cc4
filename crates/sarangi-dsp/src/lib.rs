#![doc = include_str!("../README.md")]

mod autocorrelation;
mod dct;
mod double_fft;
mod framing;
mod halve;
mod istft;
mod lanes;
mod median_filter;
mod padding;
mod pool;
mod real_fft;
mod resample;
mod resize;
mod savitzky_golay;
mod simd;
mod stft;
mod stft_spec;
mod viterbi;
mod window;

pub use autocorrelation::{Autocorrelation, AutocorrelationScratch};
pub use dct::dct_matrix;
pub use framing::Framing;
pub use halve::Halve;
pub use istft::{Istft, OverlapAdd};
pub use median_filter::{MedianFilter, MedianFilterScratch};
pub use num_complex::Complex32;
pub use padding::Padding;
pub use pool::Pool;
pub use resample::{Resample, ResampleStream, resample};
pub use resize::{resize_antialiased, resize_bilinear};
pub use savitzky_golay::{Ends, SavitzkyGolay};
pub use stft::{Stft, StftScratch};
pub use stft_spec::StftSpec;
pub use viterbi::{BandedViterbi, LocalTransitions};
pub use window::Window;
