//! How loud a programme is, as broadcasters measure it.

use std::f64::consts::PI;

use sarangi_core::{Error, Result, SampleRate, Waveform};

use crate::{Biquad, Cascade};

/// The integrated loudness of ITU-R BS.1770-4 (EBU R 128), in LUFS: K-weighted mean power, gated.
///
/// L = −0.691 + 10 · log₁₀ Σ G · z over the channels, z the mean square of the sound after the two
/// filters of the recommendation; the mean is over blocks of 400 ms, 100 ms apart, that are above
/// −70 LUFS and, of those, above 10 LU below their mean. The recommendation gives the filters'
/// coefficients at 48,000 Hz; here they are designed for any rate from the analogue filters of which
/// those are the images (De Man, "Evaluation of implementations of the EBU R 128 loudness
/// measurement", 2018). The lower the rate, the more the head's shelf is bent: a sine of 997 Hz is
/// 0.03 LU louder at 22,050 Hz, and 0.02 LU softer at 96,000 Hz, than at 48,000 Hz.
///
/// G is 1, but in sounds of five or six channels (left, right, centre, if there are six the low
/// effects, left and right surround) 1.41 for the surrounds and 0 for the low effects.
///
/// The same as `pyloudnorm.Meter(rate, filter_class="DeMan")`, and libebur128.
#[derive(Clone, Debug)]
pub struct LoudnessMeter {
    rate: SampleRate,
    weighting: Cascade,
}

/// Seconds of a block, and from one block to the next.
const BLOCK: f64 = 0.4;
const STEP: f64 = 0.1;

impl LoudnessMeter {
    /// Plans for sound at `rate`.
    ///
    /// # Errors
    /// [`Error::Config`] below 4,000 Hz, where the weighting has no room.
    pub fn new(rate: SampleRate) -> Result<Self> {
        if rate.hz() < 4_000 {
            let reason = format!("must be at least 4000 Hz, got {rate}");
            return Err(Error::config("loudness", "rate", reason));
        }
        let weighting = Cascade::new(vec![head(rate), low_cut(rate)]);
        Ok(Self { rate, weighting })
    }

    /// The integrated loudness in LUFS; −∞ of silence. A sound below 400 ms is one block.
    ///
    /// # Errors
    /// [`Error::Shape`] if the sound has another rate than was planned for.
    pub fn integrated(&self, wave: &Waveform) -> Result<f64> {
        if wave.rate() != self.rate {
            let want = format_args!("sound at {}", self.rate);
            return Err(Error::shape("loudness", want, wave.rate()));
        }
        let sums = self.sums(wave)?;
        let rate = self.rate.as_f64();
        let block = ((BLOCK * rate).round() as usize).min(wave.len());
        if block == 0 {
            return Ok(f64::NEG_INFINITY);
        }
        let powers: Vec<f64> = (0..)
            .map(|index| (f64::from(index) * STEP * rate).round() as usize)
            .take_while(|start| start + block <= wave.len())
            .map(|start| ((sums[start + block] - sums[start]) / block as f64).max(0.0))
            .collect();
        let loud = |over: f64| mean(powers.iter().filter(|&&power| loudness(power) > over));
        let ungated = loudness(loud(-70.0));
        // The relative gate lies below what passed the absolute one, so that something always passes.
        Ok(loudness(loud((ungated - 10.0).max(-70.0))))
    }

    /// The weighted power of all samples before each.
    fn sums(&self, wave: &Waveform) -> Result<Vec<f64>> {
        let mut power = vec![0.0; wave.len()];
        for index in 0..wave.channels() {
            let weight = channel_weight(index, wave.channels());
            let mut state = self.weighting.at_rest();
            for (power, &x) in power.iter_mut().zip(wave.channel(index)?) {
                *power += weight * self.weighting.next(&mut state, f64::from(x)).powi(2);
            }
        }
        let sums = power.into_iter().scan(0.0, |sum, power| {
            *sum += power;
            Some(*sum)
        });
        Ok(std::iter::once(0.0).chain(sums).collect())
    }
}

fn channel_weight(index: usize, channels: usize) -> f64 {
    match (channels, index) {
        (5, 3..) | (6, 4..) => 1.41,
        (6, 3) => 0.0,
        _ => 1.0,
    }
}

fn loudness(power: f64) -> f64 {
    -0.691 + 10.0 * power.log10()
}

fn mean<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

/// The head before the ears: a high shelf of 4 dB.
fn head(rate: SampleRate) -> Biquad {
    let k = (PI * 1_681.974_450_955_533 / rate.as_f64()).tan();
    let q = 0.707_175_236_955_419_6;
    let gain = 10f64.powf(3.999_843_853_973_347 / 20.0);
    let middle = gain.powf(0.499_666_774_154_541_6);
    let a0 = 1.0 + k / q + k * k;
    Biquad::new(
        [
            (gain + middle * k / q + k * k) / a0,
            2.0 * (k * k - gain) / a0,
            (gain - middle * k / q + k * k) / a0,
        ],
        [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
    )
}

/// Low sounds count less: a high-pass whose numerator the recommendation leaves unscaled.
fn low_cut(rate: SampleRate) -> Biquad {
    let k = (PI * 38.135_470_876_024_44 / rate.as_f64()).tan();
    let q = 0.500_327_037_323_877_3;
    let a0 = 1.0 + k / q + k * k;
    Biquad::new(
        [1.0, -2.0, 1.0],
        [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn rate(hz: u32) -> SampleRate {
        SampleRate::new(hz).unwrap()
    }

    /// Sines of one frequency, of these levels in dB below full scale and seconds, one after another.
    fn tone(hz: f64, at: SampleRate, parts: &[(f64, f64)]) -> Vec<f32> {
        let levels = parts
            .iter()
            .flat_map(|&(level, seconds)| std::iter::repeat_n(level, at.samples(seconds)));
        let wave = |(n, level): (usize, f64)| {
            let phase = TAU * hz * n as f64 / at.as_f64();
            (10f64.powf(level / 20.0) * phase.sin()) as f32
        };
        levels.enumerate().map(wave).collect()
    }

    fn integrated(channels: Vec<Vec<f32>>, at: SampleRate) -> f64 {
        let wave = Waveform::from_channels(channels, at).unwrap();
        LoudnessMeter::new(at).unwrap().integrated(&wave).unwrap()
    }

    #[test]
    fn the_filters_at_48_khz_are_those_of_the_recommendation() {
        // ITU-R BS.1770-4, tables 1 and 2.
        let head = head(rate(48_000));
        let low_cut = low_cut(rate(48_000));
        let want = [
            (head.b[0], 1.53512485958697),
            (head.b[1], -2.69169618940638),
            (head.b[2], 1.19839281085285),
            (head.a[0], -1.69065929318241),
            (head.a[1], 0.73248077421585),
            (low_cut.a[0], -1.99004745483398),
            (low_cut.a[1], 0.99007225036621),
        ];
        for (got, want) in want {
            assert!((got - want).abs() < 1e-10, "{got} {want}");
        }
    }

    #[test]
    fn a_sine_of_997_hz_has_the_loudness_that_the_recommendation_says() {
        // The recommendation's figure is that of 48 kHz, where its coefficients are met exactly; the
        // bilinear transform bends the shelf more below and less above.
        for (hz, bound) in [
            (22_050, 0.035),
            (44_100, 0.01),
            (48_000, 0.01),
            (96_000, 0.02),
        ] {
            let at = rate(hz);
            let sine = tone(997.0, at, &[(0.0, 5.0)]);
            let mono = integrated(vec![sine.clone()], at);
            assert!((mono + 3.01).abs() < bound, "{hz}: {mono}");
            let stereo = integrated(vec![sine.clone(), sine.clone()], at);
            assert!(stereo.abs() < bound, "{hz}: {stereo}");
            let silent = vec![0.0; sine.len()];
            let mut surround = vec![silent; 6];
            surround[4] = sine.clone();
            let behind = integrated(surround.clone(), at);
            assert!((behind + 3.01 - 1.49).abs() < bound, "{hz}: {behind}");
            surround.swap(3, 4);
            assert_eq!(integrated(surround, at), f64::NEG_INFINITY);
        }
    }

    #[test]
    fn the_gates_are_those_of_the_recommendation() {
        // EBU Tech 3341, cases 1 to 5: sines of 1 kHz in both channels.
        let at = rate(48_000);
        for (parts, want) in [
            (&[(-23.0, 20.0)][..], -23.0),
            (&[(-33.0, 20.0)], -33.0),
            (&[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
            (
                &[
                    (-72.0, 10.0),
                    (-36.0, 10.0),
                    (-23.0, 60.0),
                    (-36.0, 10.0),
                    (-72.0, 10.0),
                ],
                -23.0,
            ),
            (&[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0),
        ] {
            let sine = tone(1_000.0, at, parts);
            let got = integrated(vec![sine.clone(), sine], at);
            assert!((got - want).abs() < 0.1, "{parts:?}: {got}");
        }
    }

    #[test]
    fn silence_and_brief_sounds_have_a_loudness() {
        let at = SampleRate::HZ_22050;
        for silence in [vec![], vec![0.0], vec![0.0; 30_000]] {
            assert_eq!(integrated(vec![silence], at), f64::NEG_INFINITY);
        }
        // Two periods are hardly enough for the weighting to settle.
        let brief = integrated(vec![tone(997.0, at, &[(-6.0, 0.1)])], at);
        assert!((brief + 9.0).abs() < 0.2, "{brief}");
        assert!(LoudnessMeter::new(rate(3_999)).is_err());
        let meter = LoudnessMeter::new(at).unwrap();
        let other = Waveform::mono(vec![0.0], SampleRate::HZ_44100);
        assert!(meter.integrated(&other).is_err());
    }
}
