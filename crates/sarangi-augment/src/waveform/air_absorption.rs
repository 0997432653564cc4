//! From far away.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::spectral_gain;
use serde::{Deserialize, Serialize};

use crate::channels::anew;
use crate::level::amplitude;
use crate::{Change, Uniform, WaveformAugmentation};

/// What the air takes from a sound over a distance, the highs first: attenuation by ISO 9613-1 at one
/// atmosphere, without a delay and without the loss that spreading brings.
///
/// `audiomentations.AirAbsorption` has a table of octaves where this has the standard's formula.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AirAbsorption {
    /// Degrees Celsius, −20 to 50. Default \[10, 20\].
    pub temperature: Uniform,
    /// Percent of relative humidity, 1 to 100. Default \[30, 90\].
    pub humidity: Uniform,
    /// Metres, 0 to 10,000. Default \[10, 100\].
    pub distance: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for AirAbsorption {
    fn default() -> Self {
        Self {
            temperature: Uniform::between(10.0, 20.0),
            humidity: Uniform::between(30.0, 90.0),
            distance: Uniform::between(10.0, 100.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for AirAbsorption {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.temperature
            .check("air_absorption", "temperature", -20.0..=50.0)?;
        self.humidity
            .check("air_absorption", "humidity", 1.0..=100.0)?;
        self.distance
            .check("air_absorption", "distance", 0.0..=10_000.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            temperature: self.temperature.draw(rng),
            humidity: self.humidity.draw(rng),
            distance: self.distance.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let air = Air::new(self.temperature.value(), self.humidity.value());
        let (distance, rate) = (self.distance.value(), wave.rate().as_f64());
        anew(&wave, |_, row| {
            spectral_gain(row, SILENCE, |f| {
                amplitude(-distance * air.decibels_per_metre(f * rate))
            })
        })
    }
}

/// The gain's image in time is shorter than this at any distance.
const SILENCE: usize = 4096;

/// The frequencies at which the molecules of the air are set in motion, and what it takes besides.
struct Air {
    /// Kelvins over 20 °C's.
    warmth: f64,
    kelvins: f64,
    oxygen: f64,
    nitrogen: f64,
}

impl Air {
    fn new(celsius: f64, humidity: f64) -> Self {
        let kelvins = celsius + 273.15;
        let warmth = kelvins / 293.15;
        // The saturation pressure of water over one atmosphere; then the share of water in percent.
        let saturation = 10f64.powf(4.6151 - 6.8346 * (273.16 / kelvins).powf(1.261));
        let water = humidity * saturation;
        let nitrogen = (-4.170 * (warmth.powf(-1.0 / 3.0) - 1.0)).exp();
        Self {
            warmth,
            kelvins,
            oxygen: 24.0 + 4.04e4 * water * (0.02 + water) / (0.391 + water),
            nitrogen: warmth.powf(-0.5) * (9.0 + 280.0 * water * nitrogen),
        }
    }

    fn decibels_per_metre(&self, hz: f64) -> f64 {
        let square = hz * hz;
        let part = |weight: f64, exponent: f64, relaxation: f64| {
            weight * (exponent / self.kelvins).exp() / (relaxation + square / relaxation)
        };
        let molecules = part(0.01275, -2239.1, self.oxygen) + part(0.1068, -3352.0, self.nitrogen);
        let plain = 1.84e-11 * self.warmth.sqrt();
        8.686 * square * (plain + self.warmth.powf(-2.5) * molecules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn air_takes_what_the_standards_say() {
        // ISO 9613-2, table 2: decibels per kilometre in octaves from 63 Hz, °C and %.
        for (celsius, humidity, want) in [
            (10.0, 70.0, [0.1, 0.4, 1.0, 1.9, 3.7, 9.7, 32.8, 117.0]),
            (20.0, 70.0, [0.1, 0.3, 1.1, 2.8, 5.0, 9.0, 22.9, 76.6]),
            (30.0, 70.0, [0.1, 0.3, 1.0, 3.1, 7.4, 12.7, 23.1, 59.3]),
            (15.0, 20.0, [0.3, 0.6, 1.2, 2.7, 8.2, 28.2, 88.8, 202.0]),
            (15.0, 50.0, [0.1, 0.5, 1.2, 2.2, 4.2, 10.8, 36.2, 129.0]),
            (15.0, 80.0, [0.1, 0.3, 1.1, 2.4, 4.1, 8.3, 23.7, 82.8]),
        ] {
            let air = Air::new(celsius, humidity);
            for (octave, want) in want.into_iter().enumerate() {
                // The exact middle of the octave called 63 Hz, and so on.
                let hz = 1000.0 * 10f64.powf(0.3 * (octave as f64 - 4.0));
                let got = 1000.0 * air.decibels_per_metre(hz);
                let bound = 0.006 * want + 0.055;
                assert!(
                    (got - want).abs() < bound,
                    "{celsius} {humidity} {hz}: {got} {want}"
                );
            }
        }
    }
}
