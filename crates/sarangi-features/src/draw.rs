//! Features as pictures with axes.

mod look;
mod rows;
mod times;

use std::mem::discriminant;

use ndarray::{ArrayView2, ArrayView3, Axis as Dimension, s};
use sarangi_core::{Error, Feature, Result, SampleRate, Spec, Waveform};
use sarangi_plot::{ACCENT, Axis, Chart, Colour, Layer, Panel, Picture, SECOND, Scale, Style};

use crate::{CqtSpec, DeltaSpec, FeatureEntry, FeatureSpec, FiveChannelSpec, JoinSpec, LogMelSpec};
use look::{Floor, Ground, Look};
use rows::Rows;
use times::Times;

/// What is seen on every colour of a heat map, and what edges it.
const BRIGHT: Colour = [64, 224, 255];
const EDGE: Colour = [10, 10, 40];
/// A waveform that something else is drawn over.
const FAINT: Colour = [150, 180, 205];

impl FeatureSpec {
    /// A picture of this feature of a sound, with axes: time below, and beside it frequencies in Hz,
    /// notes, tempi or whatever the rows are; the colours' meaning. As
    /// `librosa.display.specshow` and `waveshow`.
    ///
    /// A feature of one number for each frame is a curve, beats are lines over the waveform, onsets and
    /// pitches lie over a spectrogram. Magnitudes and powers are shown in decibels below the largest,
    /// down to 80; of cepstral coefficients and derivatives the outermost values are cut. Every part of the
    /// chart can be changed before it is rendered. Needs the cargo feature `draw`.
    ///
    /// ```
    /// use sarangi_core::{SampleRate, Waveform};
    /// use sarangi_features::FeatureSpec;
    ///
    /// let tone = (0..44_100).map(|n| (n as f32 * 0.125).sin()).collect();
    /// let wave = Waveform::mono(tone, SampleRate::HZ_22050);
    /// let spec = FeatureSpec::from_name("log-mel", Default::default())?;
    /// let picture = spec.chart(&wave)?.titled("A tone").render(1000, 400)?;
    /// assert_eq!((picture.width(), picture.height()), (1000, 400));
    /// # Ok::<(), sarangi_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`build`](Spec::build), and [`Error::Shape`] if the sound is not what the feature takes.
    pub fn chart(&self, wave: &Waveform) -> Result<Chart> {
        let map = self.build(wave.rate())?.apply(wave)?;
        self.chart_of(wave, map.view())
    }

    /// The same of a map that has been computed, such as those of chunks side by side.
    ///
    /// # Errors
    /// [`Error::Shape`] if the map cannot be one of this feature of this sound.
    pub fn chart_of(&self, wave: &Waveform, map: ArrayView3<'_, f32>) -> Result<Chart> {
        let (channels, bins, frames) = map.dim();
        let many = matches!(Look::of(self), Look::Parts | Look::Image);
        if map.is_empty() || wave.is_empty() || (!many && channels != wave.channels()) {
            let expected = format!("values for each of {} channels", wave.channels());
            let got = format_args!("({channels}, {bins}, {frames})");
            return Err(Error::shape("chart", expected, got));
        }
        let stretched = || Times::stretched(wave.seconds(), frames);
        let drawing = Drawing {
            wave,
            rate: wave.rate(),
            times: Times::of(self, wave.rate()).unwrap_or_else(stretched),
        };
        let end = wave.seconds().max(drawing.times.middle(frames - 1));
        let chart = Chart::new(Axis::seconds(0.0, end));
        let panels = match Look::of(self) {
            Look::Image => vec![image(map)?],
            Look::Parts => match self {
                Self::Join(join) => joined(join, wave, map)?,
                _ => drawing.parts(self, map)?,
            },
            _ => {
                let channels = map.outer_iter().enumerate();
                let panels = channels.map(|(index, map)| drawing.panel(self, map, index));
                panels.collect::<Result<_>>()?
            }
        };
        Ok(panels.into_iter().fold(chart, Chart::with))
    }
}

/// What all panels of a chart have in common.
struct Drawing<'a> {
    wave: &'a Waveform,
    rate: SampleRate,
    times: Times,
}

impl Drawing<'_> {
    /// The panel of one channel.
    fn panel(&self, spec: &FeatureSpec, map: ArrayView2<'_, f32>, channel: usize) -> Result<Panel> {
        let look = Look::of(spec);
        Ok(match look {
            // A map of one row, such as a derivative of a curve, says more as a curve.
            Look::Map { .. } if map.nrows() == 1 => self.curve(map, "", Floor::Least),
            Look::Curve { label, floor } if map.nrows() == 1 => self.curve(map, label, floor),
            Look::Map { values, key } => self.heat(spec, map, values, key),
            Look::Curve { .. } => self.heat(spec, map, look::Values::Plain, ""),
            Look::Over(ground, name) => self.over(map, ground, name, channel)?,
            Look::Onsets => {
                let panel = self.ground(Ground::Mel, channel)?;
                let style = Style::new(BRIGHT).named("onsets");
                let x = self.marked(map);
                panel.with(Layer::Verticals { x, style })
            }
            Look::Beats => {
                let panel = self.waveform(channel, Style::new(FAINT))?;
                let style = Style::new(SECOND).named("beats").width(2.0);
                let x = self.marked(map);
                panel.with(Layer::Verticals { x, style })
            }
            Look::Wave => self.waveform(channel, Style::new(ACCENT))?,
            Look::Parts | Look::Image => {
                let reason = "has no picture as a part of another";
                return Err(Error::config("chart", "type", reason));
            }
        })
    }

    fn heat(
        &self,
        spec: &FeatureSpec,
        map: ArrayView2<'_, f32>,
        values: look::Values,
        key: &str,
    ) -> Panel {
        let rows = Rows::of(spec, map.nrows(), self.rate);
        let mut map = map;
        if let Some((first, last)) = rows.shown {
            map = map.slice_move(s![first..=last, ..]);
        }
        if rows.falling {
            map.invert_axis(Dimension(0));
        }
        let heat = values.heat(map, self.times.edges(map.ncols()), rows.edges);
        Panel::new(rows.axis).with(Layer::Heat(heat)).keyed(key)
    }

    fn curve(&self, map: ArrayView2<'_, f32>, label: &str, floor: Floor) -> Panel {
        let y: Vec<f64> = map.iter().map(|&y| f64::from(y)).collect();
        let finite = || y.iter().copied().filter(|y| y.is_finite());
        let high = finite().fold(f64::NEG_INFINITY, f64::max);
        let low = finite().fold(f64::INFINITY, f64::min);
        let least = finite().filter(|&y| y > 0.0).fold(f64::INFINITY, f64::min);
        // Room above the highest value, and some for what does not move at all.
        let room = |low: f64, high: f64| {
            let room = 0.05 * (high - low);
            if room > 0.0 { room } else { 0.5 }
        };
        let (low, high, scale) = match floor {
            Floor::Log if least < high => (least / 1.5, high * 1.5, Scale::Log),
            Floor::Nothing | Floor::Log if low >= 0.0 => {
                (0.0, high + room(0.0, high), Scale::Linear)
            }
            _ if low <= high => (low - room(low, high), high + room(low, high), Scale::Linear),
            _ => (0.0, 1.0, Scale::Linear),
        };
        let line = Layer::Line {
            x: self.times.middles(y.len()),
            y,
            style: Style::default(),
        };
        Panel::new(Axis::new(label, low, high).scaled(scale)).with(line)
    }

    /// Frequencies over a spectrogram; of three rows, the second says which of them hold.
    fn over(
        &self,
        map: ArrayView2<'_, f32>,
        ground: Ground,
        name: &str,
        channel: usize,
    ) -> Result<Panel> {
        let mut panel = self.ground(ground, channel)?;
        let holds = |frame: usize| map.nrows() < 3 || map[(1, frame)] > 0.5;
        let y: Vec<f64> = map
            .row(0)
            .iter()
            .enumerate()
            .map(|(frame, &hz)| {
                if holds(frame) && hz > 0.0 {
                    hz.into()
                } else {
                    f64::NAN
                }
            })
            .collect();
        let x = self.times.middles(y.len());
        for style in [
            Style::new(EDGE).width(4.0),
            Style::new(BRIGHT).width(2.0).named(name),
        ] {
            panel.layers.push(Layer::Line {
                x: x.clone(),
                y: y.clone(),
                style,
            });
        }
        Ok(panel)
    }

    /// The moments that a map marks by what is above a half.
    fn marked(&self, map: ArrayView2<'_, f32>) -> Vec<f64> {
        let marks = map.iter().enumerate().filter(|(_, mark)| **mark > 0.5);
        marks.map(|(frame, _)| self.times.middle(frame)).collect()
    }

    /// A spectrogram of one channel, to draw on.
    fn ground(&self, ground: Ground, channel: usize) -> Result<Panel> {
        let spec = match ground {
            Ground::Mel => FeatureSpec::LogMel(LogMelSpec::default()),
            Ground::Notes => {
                let mut spec = CqtSpec::default();
                // At low rates without the octaves that are not there.
                let octaves = (0.4 * self.rate.as_f64() / spec.fmin)
                    .log2()
                    .floor()
                    .max(1.0);
                spec.n_bins = spec.n_bins.min(12 * octaves as usize);
                FeatureSpec::Cqt(spec)
            }
        };
        let wave = Waveform::mono(self.wave.channel(channel)?.to_vec(), self.rate);
        let chart = spec.chart(&wave)?;
        let panel = chart.panels.into_iter().next();
        panel.ok_or_else(|| Error::shape("chart", "a panel", "none"))
    }

    fn waveform(&self, channel: usize, style: Style) -> Result<Panel> {
        let samples = self.wave.channel(channel)?.to_vec();
        let peak = samples.iter().filter(|x| x.is_finite());
        let peak = f64::from(peak.fold(0.0f32, |peak, x| peak.max(x.abs())));
        let reach = if peak > 0.0 { 1.05 * peak } else { 1.0 };
        let wave = Layer::Wave {
            samples,
            rate: self.rate.as_f64(),
            style,
        };
        Ok(Panel::new(Axis::new("Amplitude", -reach, reach)).with(wave))
    }

    /// A panel for each feature of several.
    fn parts(&self, spec: &FeatureSpec, map: ArrayView3<'_, f32>) -> Result<Vec<Panel>> {
        let parts = match spec {
            FeatureSpec::Stack(stack) => stack.features.clone(),
            FeatureSpec::FiveChannel(five) => five_parts(five),
            _ => Vec::new(),
        };
        if parts.len() != map.dim().0 {
            let expected = format!("{} channels", parts.len());
            return Err(Error::shape("chart", expected, map.dim().0));
        }
        let panels = parts.iter().zip(map.outer_iter());
        panels
            .map(|(spec, map)| {
                // Events and curves were resized too: no more than rows are left of them.
                let (values, key) = match Look::of(spec) {
                    Look::Map { values, key } => (values, key),
                    _ => (look::Values::Plain, ""),
                };
                let panel = self.heat(spec, map, values, key);
                Ok(panel.titled(summary(spec)))
            })
            .collect()
    }
}

/// What a feature is, in a few words, with a capital.
fn summary(spec: &FeatureSpec) -> String {
    let text = match spec {
        FeatureSpec::Delta(spec) if spec.order > 2 => {
            format!("derivative of order {} of MFCC along time", spec.order)
        }
        // What is seen says more than that it is a picture.
        FeatureSpec::Image(image) => return summary(&image.of),
        FeatureSpec::Delta(spec) if spec.order == 2 => {
            "second derivative of MFCC along time".to_owned()
        }
        _ => {
            let same = |entry: &FeatureEntry| discriminant(&entry.spec) == discriminant(spec);
            let entry = FeatureSpec::catalogue().into_iter().find(same);
            entry.map_or_else(String::new, |entry| entry.summary.to_owned())
        }
    };
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.clone()).collect()
}

/// What the channels of the five-channel stack are.
fn five_parts(five: &FiveChannelSpec) -> Vec<FeatureSpec> {
    let delta = |order: usize| {
        FeatureSpec::Delta(DeltaSpec {
            order,
            ..DeltaSpec::default()
        })
    };
    let chroma = crate::ChromaStftSpec {
        n_chroma: five.n_chroma,
        ..Default::default()
    };
    vec![
        FeatureSpec::Mfcc(Default::default()),
        delta(1),
        delta(2),
        FeatureSpec::BeatMfcc(Default::default()),
        FeatureSpec::ChromaStft(chroma),
    ]
}

/// The panels of all features whose channels stand one after another.
fn joined(join: &JoinSpec, wave: &Waveform, map: ArrayView3<'_, f32>) -> Result<Vec<Panel>> {
    let mut panels = Vec::new();
    let mut rest = map;
    for spec in &join.features {
        let [channels, _, _] = spec.build(wave.rate())?.shape(wave.len());
        if channels > rest.dim().0 {
            let expected = format!("{channels} channels more, of {}", spec.name());
            return Err(Error::shape("chart", expected, rest.dim().0));
        }
        let (part, after) = rest.split_at(Dimension(0), channels);
        rest = after;
        for panel in spec.chart_of(wave, part)?.panels {
            let untitled = panel.title.is_empty();
            panels.push(if untitled {
                panel.titled(summary(spec))
            } else {
                panel
            });
        }
    }
    match rest.dim().0 {
        0 => Ok(panels),
        more => Err(Error::shape("chart", "no more channels", more)),
    }
}

/// A picture in colour, time from left to right.
fn image(map: ArrayView3<'_, f32>) -> Result<Panel> {
    let rows = map.dim().1 as f64;
    let axis = Axis::new("Row", 0.0, rows).marked(sarangi_plot::Marks::Round(1.0));
    Ok(Panel::new(axis).with(Layer::Image(Picture::of_rgb(map)?)))
}
