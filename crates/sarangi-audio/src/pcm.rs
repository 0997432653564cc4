//! Uncompressed and companded samples, as WAV and AU hold them.

use std::io::Read;

use ndarray::{Array2, Axis};

use crate::blocks::Blocks;
use crate::fault::Fault;
use crate::source::Source;

/// Samples of all channels together in one block.
const BLOCK: usize = 1 << 16;

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    U8,
    I8,
    I16,
    I24,
    I32,
    F32,
    F64,
    MuLaw,
    ALaw,
}

impl Coding {
    /// Bytes per sample.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::MuLaw | Self::ALaw => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::U8 | Self::I8 => "8-bit PCM",
            Self::I16 => "16-bit PCM",
            Self::I24 => "24-bit PCM",
            Self::I32 => "32-bit PCM",
            Self::F32 => "32-bit float",
            Self::F64 => "64-bit float",
            Self::MuLaw => "µ-law",
            Self::ALaw => "A-law",
        }
    }

    /// Decodes interleaved samples into planar ones, full scale being ±1.
    fn decode(self, big: bool, bytes: &[u8], block: &mut Array2<f32>) {
        /// Puts the bytes of a number into little-endian order.
        fn order<const N: usize>(big: bool, mut bytes: [u8; N]) -> [u8; N] {
            if big {
                bytes.reverse();
            }
            bytes
        }
        match self {
            Self::U8 => fill(bytes, block, |[x]| (f32::from(x) - 128.0) / 128.0),
            Self::I8 => fill(bytes, block, |[x]| f32::from(x as i8) / 128.0),
            Self::I16 => fill(bytes, block, |x| {
                f32::from(i16::from_le_bytes(order(big, x))) / 32_768.0
            }),
            Self::I24 => fill(bytes, block, |x| {
                let [a, b, c] = order(big, x);
                // Into the top three bytes, so that the sign is in its place.
                i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0
            }),
            Self::I32 => fill(bytes, block, |x| {
                i32::from_le_bytes(order(big, x)) as f32 / 2_147_483_648.0
            }),
            Self::F32 => fill(bytes, block, |x| f32::from_le_bytes(order(big, x))),
            Self::F64 => fill(bytes, block, |x| f64::from_le_bytes(order(big, x)) as f32),
            Self::MuLaw => fill(bytes, block, |[x]| mu_law(x)),
            Self::ALaw => fill(bytes, block, |[x]| a_law(x)),
        }
    }
}

fn fill<const N: usize>(bytes: &[u8], block: &mut Array2<f32>, sample: impl Fn([u8; N]) -> f32) {
    let (samples, _) = bytes.as_chunks::<N>();
    let channels = block.nrows();
    // The usual cases by themselves, as loops that vectors can do.
    if let (1, Some(row)) = (channels, block.as_slice_mut()) {
        row.iter_mut()
            .zip(samples)
            .for_each(|(to, &bytes)| *to = sample(bytes));
        return;
    }
    if channels == 2
        && let (mut left, mut right) = block.view_mut().split_at(Axis(0), 1)
        && let (Some(left), Some(right)) = (left.as_slice_mut(), right.as_slice_mut())
    {
        let (pairs, _) = samples.as_chunks::<2>();
        for ((left, right), &[a, b]) in left.iter_mut().zip(right).zip(pairs) {
            *left = sample(a);
            *right = sample(b);
        }
        return;
    }
    for (channel, row) in block.outer_iter_mut().enumerate() {
        let samples = samples.iter().skip(channel).step_by(channels);
        row.into_iter()
            .zip(samples)
            .for_each(|(to, &bytes)| *to = sample(bytes));
    }
}

/// ITU-T G.711 µ-law: sign, three bits of exponent, four of mantissa, all inverted, with a bias.
fn mu_law(code: u8) -> f32 {
    const BIAS: i16 = 0x84;
    let code = !code;
    let size = (((i16::from(code & 0x0f) << 3) + BIAS) << ((code & 0x70) >> 4)) - BIAS;
    f32::from(if code & 0x80 != 0 { -size } else { size }) / 32_768.0
}

/// ITU-T G.711 A-law: as µ-law, but every second bit inverted and the lowest segment linear.
fn a_law(code: u8) -> f32 {
    let code = code ^ 0x55;
    let mantissa = i16::from(code & 0x0f) << 4;
    let size = match (code & 0x70) >> 4 {
        0 => mantissa + 0x008,
        exponent => (mantissa + 0x108) << (exponent - 1),
    };
    f32::from(if code & 0x80 != 0 { size } else { -size }) / 32_768.0
}

/// Blocks of plain samples.
pub(crate) struct PcmBlocks {
    source: Source,
    coding: Coding,
    big_endian: bool,
    channels: usize,
    /// Samples per channel that are still to come, by the header.
    left: u64,
    bytes: Vec<u8>,
}

impl PcmBlocks {
    /// The samples from where `source` stands on.
    pub(crate) fn new(
        source: Source,
        coding: Coding,
        big_endian: bool,
        channels: usize,
        samples: u64,
    ) -> Self {
        Self {
            source,
            coding,
            big_endian,
            channels,
            left: samples,
            bytes: Vec::new(),
        }
    }
}

impl Blocks for PcmBlocks {
    fn next(&mut self) -> Result<Option<Array2<f32>>, Fault> {
        let frame = self.channels * self.coding.bytes();
        let wanted = self.left.min((BLOCK / self.channels) as u64);
        self.bytes.clear();
        (&mut self.source)
            .take(wanted * frame as u64)
            .read_to_end(&mut self.bytes)?;
        let samples = self.bytes.len() / frame;
        if samples == 0 {
            return Ok(None);
        }
        self.left -= samples as u64;
        let mut block = Array2::zeros((self.channels, samples));
        self.coding.decode(self.big_endian, &self.bytes, &mut block);
        Ok(Some(block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companding_follows_g711() {
        // The ends of the scale and the quietest codes of G.711, in 16-bit units.
        for (code, want) in [(0x00, -32_124), (0x80, 32_124), (0xff, 0), (0x7f, 0)] {
            assert_eq!(mu_law(code) * 32_768.0, want as f32);
        }
        for (code, want) in [(0x2a, -32_256), (0xaa, 32_256), (0xd5, 8), (0x55, -8)] {
            assert_eq!(a_law(code) * 32_768.0, want as f32);
        }
    }

    #[test]
    fn channels_are_taken_apart() {
        let mut block = Array2::zeros((2, 2));
        Coding::I16.decode(true, &[0x40, 0, 0x20, 0, 0xc0, 0, 0xe0, 0], &mut block);
        assert_eq!(block, ndarray::array![[0.5, -0.5], [0.25, -0.25]]);
        let mut block = Array2::zeros((1, 2));
        Coding::I24.decode(false, &[0, 0, 0xc0, 0, 0, 0x40], &mut block);
        assert_eq!(block, ndarray::array![[-0.5, 0.5]]);
    }
}
