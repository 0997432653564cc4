//! What is measured of a sound.

use sarangi_core::Waveform;
use serde::Serialize;

use super::clipping::Clipped;
use super::silence::silences;
use super::{FindingKind, QualitySpec, Silence, SilencePlace};

/// What was measured of a sound.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SoundQuality {
    /// Its sampling rate in Hz.
    pub rate: u32,
    /// How many channels it has.
    pub channels: usize,
    /// Its length.
    pub seconds: f64,
    /// The largest distance of a sample from zero; full scale is 1.
    pub peak: f64,
    /// The root mean square of the loudest channel, less what it averages, in dB relative to full
    /// scale; none of digital silence.
    pub level_db: Option<f64>,
    /// What the channel averages that is furthest from zero; full scale is 1.
    pub dc_offset: f64,
    /// The share of samples that lie in runs at full scale.
    pub clipped_share: f64,
    /// How many such runs there are.
    pub clipped_runs: usize,
    /// The channels, from 1, that are silent while another is not.
    pub dead_channels: Vec<usize>,
    /// The long stretches of silence, in order.
    pub silences: Vec<Silence>,
}

impl SoundQuality {
    /// Measures a sound.
    pub fn of(wave: &Waveform, spec: &QualitySpec) -> Self {
        let len = wave.len().max(1) as f64;
        let mut peak = 0.0f32;
        let mut clipped = Clipped::default();
        let mut means = Vec::new();
        let mut powers = Vec::new();
        for channel in wave.samples().outer_iter() {
            let samples = channel.to_slice().unwrap_or_default();
            let sum: f64 = samples.iter().map(|&x| f64::from(x)).sum();
            let mean = sum / len;
            let squares: f64 = samples.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum();
            peak = samples.iter().fold(peak, |peak, x| peak.max(x.abs()));
            let of_channel = Clipped::of(samples, spec);
            clipped.samples += of_channel.samples;
            clipped.runs += of_channel.runs;
            means.push(mean);
            powers.push(squares / len);
        }
        let loudest = powers.iter().copied().fold(0.0, f64::max);
        let silent = |power: f64| power <= 10f64.powf(spec.silence_db / 10.0);
        let dead = powers
            .iter()
            .enumerate()
            .filter(|(_, power)| silent(**power));
        let dead_channels = match silent(loudest) {
            true => Vec::new(),
            false => dead.map(|(channel, _)| channel + 1).collect(),
        };
        let furthest = |a: f64, b: f64| if b.abs() > a.abs() { b } else { a };
        Self {
            rate: wave.rate().hz(),
            channels: wave.channels(),
            seconds: wave.seconds(),
            peak: f64::from(peak),
            level_db: (loudest > 0.0).then(|| 10.0 * loudest.log10()),
            dc_offset: means.iter().copied().fold(0.0, furthest),
            clipped_share: clipped.samples as f64 / (len * wave.channels() as f64),
            clipped_runs: clipped.runs,
            dead_channels,
            silences: silences(wave, &means, spec),
        }
    }

    /// What is odd about it on its own.
    pub(super) fn findings(&self, spec: &QualitySpec) -> Vec<(FindingKind, String)> {
        let mut found = Vec::new();
        let mut add = |kind, detail| found.push((kind, detail));
        let is_silent = self.silences.iter().any(|s| s.place == SilencePlace::Whole);
        for silence in &self.silences {
            add(FindingKind::Silence, silence.detail(spec));
        }
        if let Some(level) = self.level_db
            && !is_silent
            && level < spec.low_level_db
        {
            let detail = format!("is very quiet: its level is {level:.1} dB");
            add(FindingKind::LowLevel, detail);
        }
        for channel in &self.dead_channels {
            let detail = format!("channel {channel} of {} is silent", self.channels);
            add(FindingKind::DeadChannel, detail);
        }
        if self.clipped_share > spec.clip_share {
            let detail = format!(
                "{:.2} % of its samples are cut at full scale, in {} runs",
                100.0 * self.clipped_share,
                self.clipped_runs
            );
            add(FindingKind::Clipping, detail);
        }
        if self.dc_offset.abs() > spec.dc_offset {
            let detail = format!("its samples average {:+.3} of full scale", self.dc_offset);
            add(FindingKind::DcOffset, detail);
        }
        let seconds = self.seconds;
        match (spec.min_seconds, spec.max_seconds) {
            (Some(min), _) if seconds < min => {
                let detail = format!("lasts {seconds:.2} s, less than {min} s");
                add(FindingKind::OddLength, detail);
            }
            (_, Some(max)) if seconds > max => {
                let detail = format!("lasts {seconds:.2} s, more than {max} s");
                add(FindingKind::OddLength, detail);
            }
            _ => {}
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::SampleRate;

    const RATE: SampleRate = SampleRate::HZ_22050;

    fn tone(seconds: f64, level: f32) -> Vec<f32> {
        let samples = 0..RATE.samples(seconds);
        samples.map(|n| level * (n as f32 * 0.1).sin()).collect()
    }

    fn kinds(channels: Vec<Vec<f32>>) -> Vec<FindingKind> {
        let wave = Waveform::from_channels(channels, RATE).unwrap();
        let spec = QualitySpec {
            min_seconds: Some(0.5),
            max_seconds: Some(60.0),
            ..QualitySpec::default()
        };
        let found = SoundQuality::of(&wave, &spec).findings(&spec);
        found.into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn a_good_sound_has_no_findings_and_right_numbers() {
        let wave = Waveform::mono(tone(3.0, 0.5), RATE);
        let quality = SoundQuality::of(&wave, &QualitySpec::default());
        assert_eq!(quality.findings(&QualitySpec::default()), []);
        // A sine of amplitude 0.5 has 0.5 / √2.
        assert!(
            (quality.level_db.unwrap() - (-9.0309)).abs() < 0.01,
            "{quality:?}"
        );
        assert!((quality.peak - 0.5).abs() < 1e-3);
        assert!(quality.dc_offset.abs() < 1e-3);
        assert_eq!(quality.clipped_runs, 0);
    }

    #[test]
    fn each_fault_is_found_and_nothing_else() {
        use FindingKind::*;
        let changed = |change: fn(f32) -> f32| tone(3.0, 0.5).into_iter().map(change).collect();
        let cases: Vec<(Vec<Vec<f32>>, Vec<FindingKind>)> = vec![
            (
                vec![changed(|x| (4.0 * x).clamp(-1.0, 1.0))],
                vec![Clipping],
            ),
            (vec![changed(|x| x + 0.05)], vec![DcOffset]),
            (vec![changed(|x| x * 0.005)], vec![LowLevel]),
            (vec![vec![0.0; 66_150]], vec![Silence]),
            // Silence with an offset is silence all the same.
            (vec![vec![0.2; 66_150]], vec![Silence, DcOffset]),
            (vec![tone(3.0, 0.5), vec![0.0; 66_150]], vec![DeadChannel]),
            (vec![tone(3.0, 0.5), tone(3.0, 0.5)], vec![]),
            (vec![tone(0.4, 0.5)], vec![OddLength]),
            (vec![tone(61.0, 0.5)], vec![OddLength]),
        ];
        for (channels, want) in cases {
            assert_eq!(kinds(channels), want);
        }
    }

    #[test]
    fn a_sound_without_samples_is_no_panic() {
        let wave = Waveform::mono(Vec::new(), RATE);
        let quality = SoundQuality::of(&wave, &QualitySpec::default());
        assert_eq!((quality.seconds, quality.level_db), (0.0, None));
    }
}
