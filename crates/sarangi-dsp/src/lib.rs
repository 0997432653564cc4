#![doc = include_str!("../README.md")]

mod autocorrelation;
mod dct;
mod framing;
mod istft;
mod padding;
mod pool;
mod resample;
mod resize;
mod savitzky_golay;
mod stft;
mod stft_spec;
mod window;

pub use autocorrelation::{Autocorrelation, AutocorrelationScratch};
pub use dct::dct_matrix;
pub use framing::Framing;
pub use istft::Istft;
pub use padding::Padding;
pub use pool::Pool;
pub use realfft::num_complex::Complex32;
pub use resample::{Resample, ResampleStream, resample};
pub use resize::resize_bilinear;
pub use savitzky_golay::SavitzkyGolay;
pub use stft::{Stft, StftScratch};
pub use stft_spec::StftSpec;
pub use window::Window;
