//! Sound as samples.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, s};

use crate::{Error, Result, SampleRate};

/// Planar sound: an array of shape (channels, samples) with its rate. Full scale is ±1.
///
/// There is always at least one channel; there may be no samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Waveform {
    samples: Array2<f32>,
    rate: SampleRate,
}

impl Waveform {
    /// Sound of shape (channels, samples).
    ///
    /// # Errors
    /// [`Error::Shape`] if there is no channel.
    pub fn new(samples: Array2<f32>, rate: SampleRate) -> Result<Self> {
        if samples.nrows() == 0 {
            return Err(Error::shape("waveform", "at least one channel", "none"));
        }
        // Planar for certain, so that a channel can always be lent as a slice.
        let samples = if samples.is_standard_layout() {
            samples
        } else {
            samples.as_standard_layout().into_owned()
        };
        Ok(Self { samples, rate })
    }

    /// Sound of one channel.
    pub fn mono(samples: Vec<f32>, rate: SampleRate) -> Self {
        let samples = ndarray::Array1::from_vec(samples).insert_axis(Axis(0));
        Self { samples, rate }
    }

    /// Sound from the samples of each channel.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is no channel, or they differ in length.
    pub fn from_channels(mut channels: Vec<Vec<f32>>, rate: SampleRate) -> Result<Self> {
        if let [_] = channels.as_slice() {
            return Ok(Self::mono(channels.swap_remove(0), rate));
        }
        let len = channels.first().map_or(0, Vec::len);
        let samples = Array2::from_shape_vec((channels.len(), len), channels.concat()).ok();
        let equal = samples.filter(|_| channels.iter().all(|channel| channel.len() == len));
        let lengths = || format!("{:?}", channels.iter().map(Vec::len).collect::<Vec<_>>());
        Self::new(
            equal.ok_or_else(|| Error::shape("waveform", "equal channels", lengths()))?,
            rate,
        )
    }

    /// The sampling rate.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// The number of channels, at least 1.
    pub fn channels(&self) -> usize {
        self.samples.nrows()
    }

    /// The number of samples in each channel.
    pub fn len(&self) -> usize {
        self.samples.ncols()
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        self.rate.seconds(self.len())
    }

    /// All samples, (channels, samples).
    pub fn samples(&self) -> ArrayView2<'_, f32> {
        self.samples.view()
    }

    /// The samples of one channel.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is no such channel.
    pub fn channel(&self, index: usize) -> Result<&[f32]> {
        self.samples
            .outer_iter()
            .nth(index)
            .and_then(|row: ArrayView1<'_, f32>| row.to_slice())
            .ok_or_else(|| {
                Error::shape(
                    "waveform",
                    format_args!("a channel below {}", self.channels()),
                    index,
                )
            })
    }

    /// The samples of all channels, (channels, samples), without a copy.
    pub fn into_samples(self) -> Array2<f32> {
        self.samples
    }

    /// One channel: the mean of all, as librosa's `to_mono`. A mono sound is returned as it is.
    pub fn into_mono(self) -> Self {
        if self.channels() == 1 {
            return self;
        }
        let scale = 1.0 / self.channels() as f32;
        let mut sum = vec![0.0f32; self.len()];
        for row in self.samples.outer_iter() {
            for (total, &x) in sum.iter_mut().zip(row) {
                *total += x;
            }
        }
        sum.iter_mut().for_each(|x| *x *= scale);
        Self::mono(sum, self.rate)
    }

    /// The `len` samples from `start` on, filled up with silence where the sound has ended.
    pub fn window(&self, start: usize, len: usize) -> Self {
        let from = start.min(self.len());
        let to = start.saturating_add(len).min(self.len());
        let mut samples = Array2::zeros((self.channels(), len));
        samples
            .slice_mut(s![.., ..to - from])
            .assign(&self.samples.slice(s![.., from..to]));
        Self {
            samples,
            rate: self.rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn mono_is_the_mean_of_the_channels() {
        let stereo = Waveform::new(
            array![[1.0, 0.0, -1.0], [0.0, 0.5, -1.0]],
            SampleRate::HZ_22050,
        )
        .unwrap();
        assert_eq!(stereo.into_mono().channel(0).unwrap(), &[0.5, 0.25, -1.0]);
    }

    #[test]
    fn a_window_past_the_end_is_silence() {
        let wave = Waveform::mono(vec![1.0, 2.0, 3.0], SampleRate::HZ_22050);
        assert_eq!(wave.window(2, 3).channel(0).unwrap(), &[3.0, 0.0, 0.0]);
        assert_eq!(wave.window(9, 2).channel(0).unwrap(), &[0.0, 0.0]);
        assert!(wave.window(usize::MAX, 0).is_empty());
    }

    #[test]
    fn channels_become_rows() {
        let rate = SampleRate::HZ_22050;
        let stereo = Waveform::from_channels(vec![vec![1.0, 2.0], vec![3.0, 4.0]], rate).unwrap();
        assert_eq!(stereo.samples(), array![[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!(
            Waveform::from_channels(vec![vec![1.0]], rate)
                .unwrap()
                .channels(),
            1
        );
        for wrong in [
            vec![],
            vec![vec![1.0, 2.0], vec![3.0]],
            vec![vec![], vec![1.0, 2.0]],
        ] {
            assert!(Waveform::from_channels(wrong, rate).is_err());
        }
    }

    #[test]
    fn channels_are_slices_whatever_the_layout_given() {
        let transposed = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]].reversed_axes();
        let wave = Waveform::new(transposed, SampleRate::HZ_22050).unwrap();
        assert_eq!(wave.channel(1).unwrap(), &[2.0, 4.0, 6.0]);
        assert!(wave.channel(2).is_err());
        assert!(Waveform::new(Array2::zeros((0, 4)), SampleRate::HZ_22050).is_err());
    }
}
