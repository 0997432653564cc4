//! Changing the sampling rate.

pub(crate) mod blocks;

use ndarray::{ArrayView1, ArrayView2};
use sarangi_core::{Error, Result, SampleRate, Transform, Waveform};
use serde::{Deserialize, Serialize};

use blocks::{Blocks, Room};

const OP: &str = "resample";

/// The fastest rate that is converted, so that no header can ask for an absurd amount of memory.
const FASTEST: u32 = 1 << 20;

/// Converts sound to another sampling rate.
///
/// A windowed sinc without delay, applied to spectra: flat to 0.91 of the lower Nyquist frequency, 0.7
/// dB down at 0.94, and from 1.01 on 140 dB. It is the filter of soxr's recipe HQ, the default of
/// `librosa.load` and `librosa.resample`: half or twice the rate is theirs to the rounding of single
/// precision; for other ratios soxr has another slope, and below 0.9 the same to 2e-4.
/// The length becomes ⌈samples × to / from⌉, as theirs. Sound that has the rate already is returned as
/// it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resample {
    /// The new rate.
    pub to: SampleRate,
}

impl Transform<Waveform> for Resample {
    type Out = Waveform;

    fn apply(&self, input: &Waveform) -> Result<Waveform> {
        resample(input, self.to)
    }
}

/// Converts sound to the rate `to`; see [`Resample`].
///
/// # Shapes
/// (channels, samples) → (channels, ⌈samples × to / from⌉).
///
/// # Errors
/// [`Error::Config`] if one of the rates is above 1,048,576 Hz.
pub fn resample(wave: &Waveform, to: SampleRate) -> Result<Waveform> {
    let mut stream = ResampleStream::new(wave.rate(), to, wave.channels())?;
    if stream.blocks.is_none() {
        return Ok(wave.clone());
    }
    let mut ready = stream.empty_output(output_len(wave.len() as u64, wave.rate(), to));
    stream.convert(wave.samples(), &mut ready);
    stream.flush(&mut ready);
    Waveform::from_channels(ready, to)
}

/// ⌈samples × to / from⌉, rounded as librosa rounds it.
fn output_len(samples: u64, from: SampleRate, to: SampleRate) -> u64 {
    // A length beyond 2^53 samples does not occur; the cast saturates anyway.
    (samples as f64 * (to.as_f64() / from.as_f64())).ceil() as u64
}

/// Converts sound that arrives block by block, with the same result as [`resample`] of the whole.
///
/// ```
/// use sarangi_core::{SampleRate, Waveform};
/// use sarangi_dsp::ResampleStream;
///
/// let mut stream = ResampleStream::new(SampleRate::HZ_44100, SampleRate::HZ_22050, 1)?;
/// let block = Waveform::mono(vec![0.5; 10_000], SampleRate::HZ_44100);
/// let len = stream.push(&block)?.len() + stream.push(&block)?.len() + stream.finish()?.len();
/// assert_eq!(len, 10_000);
/// # Ok::<(), sarangi_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ResampleStream {
    from: SampleRate,
    to: SampleRate,
    /// None if the rates are equal.
    blocks: Option<Blocks>,
    room: Room,
    channels: Vec<Channel>,
}

/// What of a channel has been taken in.
#[derive(Clone, Debug, Default)]
struct Channel {
    /// The next blocks, as far as they are there.
    pending: Vec<f32>,
    consumed: u64,
    produced: u64,
}

impl ResampleStream {
    /// A conversion of sound of `channels` channels.
    ///
    /// # Errors
    /// [`Error::Config`] if one of the rates is above 1,048,576 Hz, [`Error::Shape`] if there is no
    /// channel.
    pub fn new(from: SampleRate, to: SampleRate, channels: usize) -> Result<Self> {
        for rate in [from, to] {
            if rate.hz() > FASTEST {
                return Err(Error::config(
                    OP,
                    "rate",
                    format!("must be at most {FASTEST} Hz, got {rate}"),
                ));
            }
        }
        if channels == 0 {
            return Err(Error::shape(OP, "at least one channel", "none"));
        }
        let blocks = (from != to).then(|| Blocks::new(from.hz() as usize, to.hz() as usize));
        let room = blocks.as_ref().map(Blocks::room).unwrap_or_default();
        let channel = Channel {
            // Before the sound was silence, into which the first block reaches.
            pending: vec![0.0; blocks.as_ref().map_or(0, Blocks::overlap)],
            ..Channel::default()
        };
        Ok(Self {
            from,
            to,
            blocks,
            room,
            channels: vec![channel; channels],
        })
    }

    /// How many samples the output lags behind: what sample t of the input becomes has come out when
    /// sample t + latency has been taken in.
    pub fn latency(&self) -> usize {
        self.blocks.as_ref().map_or(0, Blocks::latency)
    }

    /// Takes the next block and returns what is ready, which may be nothing.
    ///
    /// # Errors
    /// [`Error::Shape`] if the block has other channels or another rate than the stream.
    pub fn push(&mut self, block: &Waveform) -> Result<Waveform> {
        let channels = self.channels.len();
        if (block.channels(), block.rate()) != (channels, self.from) {
            return Err(Error::shape(
                OP,
                format_args!("{channels} channels at {}", self.from),
                format_args!("{} channels at {}", block.channels(), block.rate()),
            ));
        }
        if self.blocks.is_none() {
            return Ok(block.clone());
        }
        let mut ready = self.empty_output(output_len(block.len() as u64, self.from, self.to));
        self.convert(block.samples(), &mut ready);
        Waveform::from_channels(ready, self.to)
    }

    /// Returns the rest.
    ///
    /// # Errors
    /// None yet: a conversion cannot fail once it is planned.
    pub fn finish(mut self) -> Result<Waveform> {
        let mut rest = self.empty_output(0);
        self.flush(&mut rest);
        Waveform::from_channels(rest, self.to)
    }

    fn empty_output(&self, expected: u64) -> Vec<Vec<f32>> {
        let capacity = usize::try_from(expected).unwrap_or(0);
        vec![Vec::with_capacity(capacity); self.channels.len()]
    }

    fn convert(&mut self, block: ArrayView2<'_, f32>, ready: &mut [Vec<f32>]) {
        let Some(blocks) = &self.blocks else {
            return;
        };
        let rows = self.channels.iter_mut().zip(block.rows()).zip(ready);
        for ((channel, row), ready) in rows {
            channel.take(blocks, &mut self.room, row, ready);
        }
    }

    /// Takes in silence until everything that was taken in has come out.
    fn flush(&mut self, ready: &mut [Vec<f32>]) {
        let Some(blocks) = &self.blocks else {
            return;
        };
        for (channel, ready) in self.channels.iter_mut().zip(ready) {
            let expected = output_len(channel.consumed, self.from, self.to);
            while channel.produced < expected {
                channel.pending.resize(blocks.needed(), 0.0);
                channel.run(blocks, &mut self.room, ready);
            }
            let excess = usize::try_from(channel.produced - expected).unwrap_or(0);
            ready.truncate(ready.len().saturating_sub(excess));
        }
    }
}

impl Channel {
    /// Takes some samples in and appends what is ready.
    fn take(
        &mut self,
        blocks: &Blocks,
        room: &mut Room,
        mut samples: ArrayView1<'_, f32>,
        ready: &mut Vec<f32>,
    ) {
        self.consumed += samples.len() as u64;
        while !samples.is_empty() {
            let missing = blocks.needed() - self.pending.len();
            let (now, later) = samples.split_at(ndarray::Axis(0), missing.min(samples.len()));
            match now.as_slice() {
                Some(now) => self.pending.extend_from_slice(now),
                None => self.pending.extend(now),
            }
            samples = later;
            if self.pending.len() == blocks.needed() {
                self.run(blocks, room, ready);
            }
        }
    }

    /// Converts what is pending, which is all that is needed.
    fn run(&mut self, blocks: &Blocks, room: &mut Room, ready: &mut Vec<f32>) {
        let before = ready.len();
        blocks.run(&self.pending, room, ready);
        self.produced += (ready.len() - before) as u64;
        self.pending.drain(..blocks.taken());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::TAU;

    fn rate(hz: u32) -> SampleRate {
        SampleRate::new(hz).unwrap()
    }

    fn tone(hz: f64, at: u32, seconds: f64) -> Waveform {
        let n = (seconds * f64::from(at)) as usize;
        let samples = (0..n)
            .map(|i| (0.5 * (TAU * hz * i as f64 / f64::from(at)).sin()) as f32)
            .collect();
        Waveform::mono(samples, rate(at))
    }

    /// The middle of a sound, away from the transients at its ends.
    fn middle(wave: &Waveform) -> &[f32] {
        let n = wave.len();
        &wave.channel(0).unwrap()[n / 4..n * 3 / 4]
    }

    fn level(samples: &[f32]) -> f64 {
        let power: f64 = samples.iter().map(|&x| f64::from(x).powi(2)).sum();
        10.0 * (power / samples.len() as f64).max(1e-30).log10()
    }

    #[test]
    fn a_tone_keeps_its_frequency_level_and_phase() {
        // Equal to the tone made at the new rate, sample by sample: no delay, not even half a
        // sample, and no change of level.
        for (from, to) in [
            (44_100, 22_050),
            (48_000, 22_050),
            (8_000, 22_050),
            (16_000, 22_050),
            (11_127, 22_050),
            (22_050, 44_100),
            (44_099, 22_050),
            (192_000, 8_000),
        ] {
            let hz = 0.35 * f64::from(from.min(to));
            let got = resample(&tone(hz, from, 2.0), rate(to)).unwrap();
            let want = tone(hz, to, 2.0);
            let error: Vec<f32> = middle(&got)
                .iter()
                .zip(middle(&want))
                .map(|(a, b)| a - b)
                .collect();
            let residual = level(&error) - level(middle(&want));
            assert!(residual < -105.0, "{from} to {to}: {residual:.1} dB");
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_gone() {
        for (from, to) in [
            (44_100, 22_050),
            (48_000, 22_050),
            (44_100, 16_000),
            (96_000, 11_127),
        ] {
            let hz = 1.05 * f64::from(to) / 2.0;
            let alias = resample(&tone(hz, from, 2.0), rate(to)).unwrap();
            let down = level(middle(&alias)) - level(middle(&tone(hz, from, 2.0)));
            assert!(down < -100.0, "{from} to {to}: {down:.1} dB");
        }
    }

    /// What the quality is said to be.
    #[test]
    fn tones_below_the_new_nyquist_frequency_pass_and_those_above_do_not() {
        let (from, to) = (44_100, 22_050);
        let change = |share: f64| {
            let tone = tone(share * f64::from(to) / 2.0, from, 2.0);
            let out = resample(&tone, rate(to)).unwrap();
            level(middle(&out)) - level(middle(&tone))
        };
        for share in [0.01, 0.3, 0.6, 0.8, 0.9, 0.91] {
            assert!(change(share).abs() < 1e-3, "{share}: {}", change(share));
        }
        assert!(change(0.94) > -1.0, "{}", change(0.94));
        for share in [1.01, 1.05, 1.2, 1.9] {
            assert!(change(share) < -140.0, "{share}: {}", change(share));
        }
    }

    #[test]
    fn an_impulse_stays_where_it_is() {
        let mut samples = vec![0.0; 20_000];
        samples[10_000] = 1.0;
        let wave = resample(&Waveform::mono(samples, rate(44_100)), SampleRate::HZ_22050).unwrap();
        let out = wave.channel(0).unwrap();
        let peak = (0..out.len()).max_by(|&a, &b| out[a].total_cmp(&out[b]));
        assert_eq!(peak, Some(5_000));
        for k in 1..200 {
            assert!((out[5_000 - k] - out[5_000 + k]).abs() < 1e-6);
        }
    }

    #[test]
    fn the_same_rate_changes_nothing() {
        let wave = tone(440.0, 22_050, 0.1);
        assert_eq!(resample(&wave, SampleRate::HZ_22050).unwrap(), wave);
    }

    #[test]
    fn absurd_rates_are_refused_or_converted_but_never_panic() {
        let wave = |hz| Waveform::mono(vec![0.1; 5], rate(hz));
        assert!(resample(&wave(u32::MAX), SampleRate::HZ_22050).is_err());
        assert!(resample(&wave(22_050), rate(u32::MAX)).is_err());
        assert_eq!(resample(&wave(1), rate(22_050)).unwrap().len(), 110_250);
        assert_eq!(resample(&wave(FASTEST - 1), rate(1)).unwrap().len(), 1);
    }

    #[test]
    fn channels_are_converted_one_by_one() {
        let (a, b) = (tone(440.0, 44_100, 0.3), tone(880.0, 44_100, 0.3));
        let both = ndarray::concatenate![ndarray::Axis(0), a.samples(), b.samples()];
        let both = Waveform::new(both, rate(44_100)).unwrap();
        let both = resample(&both, SampleRate::HZ_22050).unwrap();
        for (channel, wave) in [a, b].iter().enumerate() {
            let alone = resample(wave, SampleRate::HZ_22050).unwrap();
            assert_eq!(both.channel(channel).unwrap(), alone.channel(0).unwrap());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_length_is_that_of_librosa(
            len in 0usize..9_000,
            from in prop::sample::select(vec![8_000, 11_025, 11_127, 16_000, 44_100, 48_000]),
            to in prop::sample::select(vec![8_000, 16_000, 22_050, 44_100]),
        ) {
            let wave = Waveform::mono(vec![0.25; len], rate(from));
            let expected = (len as f64 * (f64::from(to) / f64::from(from))).ceil() as usize;
            prop_assert_eq!(resample(&wave, rate(to)).unwrap().len(), expected);
        }

        #[test]
        fn a_stream_gives_the_same_bits_whatever_its_blocks(
            cuts in prop::collection::vec(0usize..5_000, 0..6),
        ) {
            let wave = tone(1_000.0, 48_000, 0.4);
            let mut stream = ResampleStream::new(rate(48_000), rate(22_050), 1).unwrap();
            let mut out = Vec::new();
            let mut at = 0;
            for len in cuts.into_iter().chain([wave.len()]) {
                let len = len.min(wave.len() - at);
                out.extend_from_slice(stream.push(&wave.window(at, len)).unwrap().channel(0).unwrap());
                at += len;
            }
            out.extend_from_slice(stream.finish().unwrap().channel(0).unwrap());
            let whole = resample(&wave, rate(22_050)).unwrap();
            prop_assert_eq!(&out[..], whole.channel(0).unwrap());
        }
    }
}
