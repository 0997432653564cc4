//! Pictures of what is not a map of a sound.

use ndarray::{Array2, Axis as Dimension};
use sarangi_core::{Error, Feature, Result, Spec, Transform, Waveform};
use sarangi_features::{
    CwtSpec, DwtSpec, FeatureSpec, GriffinLimSpec, HpssSpec, MelSpec, MelToAudioSpec,
    MelToStftSpec, MfccSpec, MfccToAudioSpec, MfccToMelSpec, ReassignedSpec, StftMagnitudeSpec,
    TempoSpec, TempogramSpec,
};
use sarangi_plot::{
    Axis, Chart, Colour, ColourMap, Heat, Layer, Marks, Panel, SECOND, SOFT_INK, Scale, Style,
};

const LIGHT: Colour = [64, 224, 255];

/// The picture of a plan by its name.
pub(crate) fn chart(name: &str, wave: &Waveform) -> Result<Chart> {
    let time = Axis::seconds(0.0, wave.seconds());
    let panels = match name {
        "hpss" => hpss(wave)?,
        "cwt" => vec![cwt(wave)?],
        "dwt" => vec![dwt(wave)?],
        "wavelet-packets" => vec![packets(wave)?],
        "reassigned" => vec![reassigned(wave)?],
        "tempo" => return tempo(wave),
        "griffin-lim" | "mel-to-audio" | "mfcc-to-audio" => audio(name, wave)?,
        "mel-to-stft" | "mfcc-to-mel" => spectrogram(name, wave)?,
        other => return Err(Error::config("gallery", other, "has no picture")),
    };
    Ok(panels.into_iter().fold(Chart::new(time), Chart::with))
}

/// The first panel of a feature's chart.
fn panel(name: &str, wave: &Waveform, title: &str) -> Result<Panel> {
    let spec = FeatureSpec::from_name(name, Default::default())?;
    let mut panels = spec.chart(wave)?.panels;
    Ok(panels.swap_remove(0).titled(title))
}

/// The same of a map made otherwise.
fn panel_of(spec: &FeatureSpec, wave: &Waveform, map: Array2<f32>, title: &str) -> Result<Panel> {
    let map = map.insert_axis(Dimension(0));
    let mut panels = spec.chart_of(wave, map.view())?.panels;
    Ok(panels.swap_remove(0).titled(title))
}

fn sound(samples: Vec<f32>, like: &Waveform) -> Waveform {
    Waveform::mono(samples, like.rate())
}

fn hpss(wave: &Waveform) -> Result<Vec<Panel>> {
    let parts = HpssSpec::default().build(())?.separate(wave.channel(0)?)?;
    Ok(vec![
        panel("waveform", wave, "The sound")?,
        panel("waveform", &sound(parts.harmonic, wave), "What lasts")?,
        panel("waveform", &sound(parts.percussive, wave), "What strikes")?,
    ])
}

fn cwt(wave: &Waveform) -> Result<Panel> {
    let spec = CwtSpec {
        hop_length: 512,
        ..CwtSpec::default()
    };
    let plan = spec.build(wave.rate())?;
    let magnitude = plan.complex(wave.channel(0)?)?.mapv(|x| x.norm());
    let peak = magnitude.fold(0.0f32, |peak, &x| peak.max(x));
    let levels = magnitude.mapv(|x| 20.0 * (x / peak).max(1e-4).log10());
    let hop = wave.rate().seconds(512);
    let x = (0..=levels.ncols()).map(|i| (i as f64 - 0.5) * hop);
    let step = 0.5 / spec.bins_per_octave as f64;
    let mut y: Vec<f64> = plan
        .frequencies()
        .iter()
        .map(|hz| hz * (-step).exp2())
        .collect();
    y.extend(plan.frequencies().last().map(|hz| hz * step.exp2()));
    let axis = Axis::hertz(y[0], y[y.len() - 1]).scaled(Scale::Log);
    let heat = Heat::new(levels, x.collect(), y).between(-60.0, 0.0);
    let mut panel = Panel::new(axis).with(Layer::Heat(heat)).keyed("dB");
    let cone = plan.cone_of_influence();
    let end = wave.seconds();
    for x in [cone.clone(), cone.iter().map(|felt| end - felt).collect()] {
        let y = plan.frequencies().to_vec();
        let style = Style::new(LIGHT).width(2.0).named("cone of influence");
        panel.layers.push(Layer::Line { x, y, style });
    }
    Ok(panel)
}

/// Levels in dB below `peak`.
fn levels(values: &[f32], peak: f32) -> Array2<f32> {
    let level = |x: &f32| 20.0 * (x.abs() / peak).max(1e-4).log10();
    Array2::from_shape_fn((1, values.len()), |(_, i)| level(&values[i]))
}

fn dwt(wave: &Waveform) -> Result<Panel> {
    const LEVELS: usize = 8;
    let spec = DwtSpec {
        level: Some(LEVELS),
        ..DwtSpec::default()
    };
    let bands = spec.build(())?.decompose(wave.channel(0)?)?;
    let largest = bands.details.iter().flatten();
    let peak = largest.fold(1e-9f32, |peak, x| peak.max(x.abs()));
    let half = wave.rate().as_f64() / 2.0;
    let lowest = half / (1 << LEVELS) as f64;
    let mut panel = Panel::new(Axis::hertz(lowest, half).scaled(Scale::Log));
    for (index, detail) in bands.details.iter().enumerate() {
        let level = LEVELS - index;
        let samples = 1usize << level;
        let x = (0..=detail.len()).map(|i| wave.rate().seconds(i * samples));
        let high = half / (1 << (level - 1)) as f64;
        // Most coefficients of the fast levels share a pixel: the mean of their levels is shown.
        let heat = Heat::new(levels(detail, peak), x.collect(), vec![high / 2.0, high]);
        panel.layers.push(Layer::Heat(heat.between(-60.0, 0.0)));
    }
    Ok(panel.keyed("dB"))
}

fn packets(wave: &Waveform) -> Result<Panel> {
    const LEVELS: usize = 6;
    let spec = DwtSpec {
        level: Some(LEVELS),
        ..DwtSpec::default()
    };
    let packets = spec.build(())?.packets(wave.channel(0)?)?;
    let bands = packets.by_frequency();
    let peak = bands.iter().copied().flatten();
    let peak = peak.fold(1e-9f32, |peak, x| peak.max(x.abs()));
    let columns = bands[0].len();
    let mut map = Array2::zeros((0, columns));
    for band in &bands {
        let row = levels(band, peak);
        map.append(Dimension(0), row.view())
            .map_err(|e| Error::shape("packets", columns, e))?;
    }
    let half = wave.rate().as_f64() / 2.0;
    let x = (0..=columns).map(|i| wave.rate().seconds(i << LEVELS));
    let y = (0..=bands.len()).map(|i| half * i as f64 / bands.len() as f64);
    let heat = Heat::new(map, x.collect(), y.collect()).between(-60.0, 0.0);
    let panel = Panel::new(Axis::hertz(0.0, half)).with(Layer::Heat(heat));
    Ok(panel.keyed("dB"))
}

fn reassigned(wave: &Waveform) -> Result<Panel> {
    /// Cells of the grid on which the energy is gathered.
    const CELLS: [usize; 2] = [84, 255];
    const LOWEST: f64 = 65.4;
    let plan = ReassignedSpec::default().build(wave.rate())?;
    let found = plan.spectrogram(wave.channel(0)?)?;
    let octaves = (0.5 * wave.rate().as_f64() / LOWEST).log2();
    let mut energy = Array2::<f32>::zeros(CELLS);
    for ((hz, seconds), magnitude) in found
        .frequencies
        .iter()
        .zip(&found.times)
        .zip(&found.magnitudes)
    {
        let row = (f64::from(*hz) / LOWEST).log2() / octaves * CELLS[0] as f64;
        let column = f64::from(*seconds) / wave.seconds() * CELLS[1] as f64;
        if row >= 0.0
            && column >= 0.0
            && let Some(cell) = energy.get_mut((row as usize, column as usize))
        {
            *cell += magnitude * magnitude;
        }
    }
    let peak = energy.fold(1e-9f32, |peak, &x| peak.max(x));
    let map = energy.mapv(|x| 10.0 * (x / peak).max(1e-6).log10());
    let x = (0..=CELLS[1]).map(|i| wave.seconds() * i as f64 / CELLS[1] as f64);
    let y = (0..=CELLS[0]).map(|i| LOWEST * (octaves * i as f64 / CELLS[0] as f64).exp2());
    let heat = Heat::new(map, x.collect(), y.collect());
    let axis = Axis::hertz(LOWEST, 0.5 * wave.rate().as_f64()).scaled(Scale::Log);
    let panel = Panel::new(axis).with(Layer::Heat(heat.coloured(ColourMap::Magma)));
    Ok(panel.keyed("dB"))
}

fn tempo(wave: &Waveform) -> Result<Chart> {
    let rate = wave.rate();
    let map = TempogramSpec::default().build(rate)?.apply(wave)?;
    let mean = map.index_axis(Dimension(0), 0).mean_axis(Dimension(1));
    let mean = mean.ok_or_else(|| Error::shape("gallery", "a tempogram", "none"))?;
    let once = 60.0 * rate.as_f64() / 512.0;
    let (x, y): (Vec<f64>, Vec<f64>) = mean
        .iter()
        .enumerate()
        .skip(1)
        .map(|(lag, &y)| (once / lag as f64, f64::from(y)))
        .unzip();
    let tempo = TempoSpec::default().build(rate)?.tempo(wave.channel(0)?)?;
    let marks = [120u32, 60, 240, 30, 90, 180].map(|bpm| (f64::from(bpm), bpm.to_string()));
    let axis = Axis::new("Tempo (BPM)", 30.0, 300.0).scaled(Scale::Log);
    let mut panel = Panel::new(Axis::new("Autocorrelation", 0.0, 1.0)).with(Layer::Line {
        x,
        y,
        style: Style::default().named("mean of the tempogram"),
    });
    if let Some(tempo) = tempo {
        let named = format!("{:.1} BPM", tempo.bpm);
        let found = [
            (Some(tempo.bpm), SECOND, named),
            (tempo.second, SOFT_INK, "next best".to_owned()),
        ];
        for (bpm, colour, name) in found {
            let x = bpm.into_iter().collect();
            let style = Style::new(colour).width(2.0).named(name);
            panel.layers.push(Layer::Verticals { x, style });
        }
    }
    Ok(Chart::new(axis.marked(Marks::At(marks.to_vec()))).with(panel))
}

/// A sound and what was made of a feature of it, as mel spectrograms.
fn audio(name: &str, wave: &Waveform) -> Result<Vec<Panel>> {
    let (rate, length) = (wave.rate(), Some(wave.len()));
    let map = |plan: &dyn Feature| -> Result<Array2<f32>> {
        Ok(plan.apply(wave)?.remove_axis(Dimension(0)))
    };
    let (samples, title) = match name {
        "griffin-lim" => {
            let magnitude = map(&StftMagnitudeSpec::default().build(rate)?)?;
            let plan = GriffinLimSpec::default().build(())?;
            (
                plan.signal(magnitude.view(), length)?,
                "A sound of its magnitudes alone",
            )
        }
        "mel-to-audio" => {
            let mel = map(&MelSpec::default().build(rate)?)?;
            let plan = MelToAudioSpec::default().build(rate)?;
            (
                plan.signal(mel.view(), length)?,
                "A sound of its mel spectrogram",
            )
        }
        _ => {
            let mfcc = map(&MfccSpec::default().build(rate)?)?;
            let plan = MfccToAudioSpec::default().build(rate)?;
            (
                plan.signal(mfcc.view(), length)?,
                "A sound of its 20 cepstral coefficients",
            )
        }
    };
    Ok(vec![
        panel("log-mel", wave, "The sound")?,
        panel("log-mel", &sound(samples, wave), title)?,
    ])
}

/// A spectrogram and what was made of a coarser one.
fn spectrogram(name: &str, wave: &Waveform) -> Result<Vec<Panel>> {
    let rate = wave.rate();
    let map = |plan: &dyn Feature| -> Result<Array2<f32>> {
        Ok(plan.apply(wave)?.remove_axis(Dimension(0)))
    };
    if name == "mel-to-stft" {
        let mel = map(&MelSpec::default().build(rate)?)?;
        let found = MelToStftSpec::default()
            .build(rate)?
            .magnitude(mel.view())?;
        let spec = FeatureSpec::StftMagnitude(Default::default());
        return Ok(vec![
            panel("stft-magnitude", wave, "The magnitude spectrogram")?,
            panel_of(&spec, wave, found, "Found again of 128 mel bands")?,
        ]);
    }
    let mfcc = map(&MfccSpec::default().build(rate)?)?;
    let found = MfccToMelSpec::default().build(())?.mel(mfcc.view())?;
    let spec = FeatureSpec::Mel(MelSpec::default());
    Ok(vec![
        panel("mel", wave, "The mel spectrogram")?,
        panel_of(
            &spec,
            wave,
            found,
            "Found again of 20 cepstral coefficients",
        )?,
    ])
}
