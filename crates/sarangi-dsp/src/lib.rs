//! Signal processing for music audio: windows, STFT, resampling, DCT, interpolation, filters.
