//! Random samples.

use sarangi_core::{Result, Rng, Seed, Waveform};
use sarangi_dsp::fill_gaussian;

/// The seed of a change: the one that is given, or one that is drawn. 53 bits, so that every reader of
/// JSON reads the number that was written.
pub(crate) fn drawn_seed(given: Option<u64>, rng: &mut Rng) -> Option<u64> {
    given.or_else(|| Some(rng.next_u64() >> 11))
}

/// White noise of standard deviation 1, each channel its own, in the shape of `wave`.
pub(crate) fn white_like(wave: &Waveform, seed: Option<u64>) -> Result<Waveform> {
    let channel = |index| Ok(white(wave.len(), seed, index));
    let channels = (0..wave.channels()).map(channel);
    Waveform::from_channels(channels.collect::<Result<_>>()?, wave.rate())
}

/// White noise of standard deviation 1 for one channel.
pub(crate) fn white(len: usize, seed: Option<u64>, channel: usize) -> Vec<f32> {
    let mut rng = generator(seed, channel);
    let mut noise = vec![0.0; len];
    fill_gaussian(&mut noise, || rng.next_u64());
    noise
}

/// The generator of one channel.
pub(crate) fn generator(seed: Option<u64>, channel: usize) -> Rng {
    generator_of_part(seed, 0, channel)
}

/// The generator of one channel of one of several parts; what it draws does not depend on the size of
/// another.
pub(crate) fn generator_of_part(seed: Option<u64>, part: usize, channel: usize) -> Rng {
    Seed(seed.unwrap_or_default()).rng(part as u64, channel as u64)
}
