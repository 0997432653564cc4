//! Wavelet packets.

use sarangi_core::{Error, Result};

use super::dwt::{Dwt, check};

const NAME: &str = "wavelet packets";
/// The deepest tree, of 65,536 packets.
const DEEPEST: usize = 16;

/// A signal decomposed into bands of equal width, as the leaves of `pywt.WaveletPacket`.
#[derive(Clone, Debug, PartialEq)]
pub struct WaveletPackets {
    /// The packets in natural order: by their paths through the tree, `aa`, `ad`, `da`, `dd`.
    pub packets: Vec<Vec<f32>>,
    /// How many samples the signal, and each packet of the levels above, had.
    pub lengths: Vec<usize>,
}

impl WaveletPackets {
    /// How many levels there are.
    pub fn level(&self) -> usize {
        self.lengths.len()
    }

    /// The packets by frequency, the lowest first, as `get_level(level, order="freq")`: a high-pass
    /// filter turns a band around, so that this is the order of a Gray code.
    pub fn by_frequency(&self) -> Vec<&[f32]> {
        (0..self.packets.len())
            .filter_map(|band| self.packets.get(band ^ (band >> 1)))
            .map(Vec::as_slice)
            .collect()
    }

    /// The path of the packet at `index` of the natural order, such as `ad`.
    pub fn path(&self, index: usize) -> String {
        let level = self.level();
        (0..level)
            .map(|depth| match index >> (level - 1 - depth) & 1 {
                0 => 'a',
                _ => 'd',
            })
            .collect()
    }
}

impl Dwt {
    /// Decomposes both halves at each level, [`levels`](Dwt::levels) deep and 16 at most.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are no samples, [`Error::Config`] if the level is above 16.
    pub fn packets(&self, samples: &[f32]) -> Result<WaveletPackets> {
        check(samples)?;
        let level = self.levels(samples.len());
        if level > DEEPEST {
            let reason = format!("must be at most {DEEPEST} for packets, got {level}");
            return Err(Error::config("dwt", "level", reason));
        }
        let mut packets = vec![samples.to_vec()];
        let mut lengths = Vec::with_capacity(level);
        for _ in 0..level {
            lengths.push(packets[0].len());
            packets = packets
                .iter()
                .flat_map(|packet| self.step.forward(packet))
                .collect();
        }
        Ok(WaveletPackets { packets, lengths })
    }

    /// The signal of packets, as `pywt.WaveletPacket.reconstruct`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the lengths are not those of a decomposition.
    pub fn unpack(&self, packets: &WaveletPackets) -> Result<Vec<f32>> {
        let level = packets.level();
        if u32::try_from(level)
            .ok()
            .and_then(|level| 1usize.checked_shl(level))
            != Some(packets.packets.len())
        {
            let expected = format_args!("2^{level} packets");
            return Err(Error::shape(NAME, expected, packets.packets.len()));
        }
        let mut bands = packets.packets.clone();
        for &len in packets.lengths.iter().rev() {
            bands = bands
                .chunks_exact(2)
                .map(|pair| {
                    let mut band = self.inverse(&pair[0], &pair[1])?;
                    if band.len() != len && band.len().checked_sub(1) != Some(len) {
                        let expected = format_args!("packets of {len} samples");
                        return Err(Error::shape(NAME, expected, band.len()));
                    }
                    band.truncate(len);
                    Ok(band)
                })
                .collect::<Result<_>>()?;
        }
        Ok(bands.swap_remove(0))
    }
}

#[cfg(test)]
mod tests {
    use crate::{DiscreteWavelet, DwtSpec, Extension};
    use proptest::prelude::*;
    use sarangi_core::{Seed, Spec};

    const MODES: [Extension; 6] = [
        Extension::Symmetric,
        Extension::Reflect,
        Extension::Zero,
        Extension::Constant,
        Extension::Periodic,
        Extension::Periodization,
    ];

    proptest! {
        #[test]
        fn signals_come_back(
            seed in any::<u64>(),
            len in 1usize..400,
            moments in 1usize..21,
            symmetric in any::<bool>(),
            mode in prop::sample::select(MODES.to_vec()),
            level in prop::option::of(0usize..7),
        ) {
            let wavelet = match symmetric && moments > 1 {
                true => DiscreteWavelet::symlet(moments).unwrap(),
                false => DiscreteWavelet::daubechies(moments).unwrap(),
            };
            let dwt = DwtSpec { wavelet, mode, level }.build(()).unwrap();
            let mut rng = Seed(seed).named("dwt");
            let signal: Vec<f32> = (0..len).map(|_| rng.range(-1.0, 1.0) as f32).collect();
            let bands = dwt.decompose(&signal).unwrap();
            prop_assert_eq!(bands.details.len(), dwt.levels(len));
            let packets = dwt.packets(&signal).unwrap();
            prop_assert_eq!(&packets.packets[0], &bands.approximation);
            for back in [dwt.reconstruct(&bands).unwrap(), dwt.unpack(&packets).unwrap()] {
                prop_assert_eq!(back.len(), len);
                for (a, b) in signal.iter().zip(&back) {
                    prop_assert!((a - b).abs() < 2e-6, "{} {}", a, b);
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let spec = DwtSpec {
            level: Some(20),
            ..DwtSpec::default()
        };
        let deep = spec.build(()).unwrap();
        let error = deep.packets(&[1.0]).unwrap_err().to_string();
        assert!(error.starts_with("dwt: level"), "{error}");
        let spec = DwtSpec {
            level: Some(25),
            ..DwtSpec::default()
        };
        assert!(spec.build(()).is_err());
        let dwt = DwtSpec::default().build(()).unwrap();
        assert!(
            dwt.forward(&[]).is_err() && dwt.decompose(&[]).is_err() && dwt.packets(&[]).is_err()
        );
        assert!(dwt.inverse(&[1.0; 9], &[1.0; 8]).is_err() && dwt.inverse(&[], &[]).is_err());
        let mut bands = dwt.decompose(&[1.0; 100]).unwrap();
        bands.samples = 90;
        assert!(dwt.reconstruct(&bands).is_err() || dwt.reconstruct(&bands).unwrap().len() == 90);
        bands.details[0].pop();
        assert!(dwt.reconstruct(&bands).is_err());
        let mut packets = dwt.packets(&[1.0; 100]).unwrap();
        packets.packets.pop();
        assert!(dwt.unpack(&packets).is_err());
    }

    #[test]
    fn a_tone_lies_in_the_packet_of_its_frequency() {
        let dwt = DwtSpec {
            wavelet: DiscreteWavelet::daubechies(12).unwrap(),
            level: Some(3),
            ..DwtSpec::default()
        };
        let dwt = dwt.build(()).unwrap();
        for band in 0..8 {
            let phase = std::f64::consts::PI * (f64::from(band) + 0.5) / 8.0;
            let tone: Vec<f32> = (0..2000)
                .map(|n| (phase * f64::from(n)).sin() as f32)
                .collect();
            let packets = dwt.packets(&tone).unwrap();
            let energy = |packet: &&[f32]| packet.iter().map(|x| x * x).sum::<f32>();
            let energies: Vec<f32> = packets.by_frequency().iter().map(energy).collect();
            let loudest = (0..8).max_by(|&a, &b| energies[a].total_cmp(&energies[b]));
            assert_eq!(loudest, Some(band as usize), "{energies:?}");
        }
        let packets = dwt.packets(&[1.0; 64]).unwrap();
        assert_eq!(
            (packets.path(3), packets.path(4)),
            ("add".into(), "daa".into())
        );
    }
}
