//! Where the parts of a chart lie.

use sarangi_core::{Error, Result};

use crate::{Area, Axis, Chart, Fonts, Panel, TextStyle};

/// Letters between two marks on an axis below, and on one beside.
pub(crate) const BELOW: f64 = 5.0;
pub(crate) const BESIDE: f64 = 1.9;
/// The narrowest panel that is drawn, in letters.
const LEAST: f32 = 3.0;

/// The places of a chart's parts, in pixels.
pub(crate) struct Layout {
    /// The height of letters; other sizes follow it.
    pub(crate) text: f32,
    /// Where each panel shows its layers.
    pub(crate) areas: Vec<Area>,
    /// The left edge of the names of the axes beside.
    pub(crate) margin: f32,
    /// The left edge of the bars of colours, and their width.
    pub(crate) bar: (f32, f32),
}

impl Layout {
    pub(crate) fn new(chart: &Chart, fonts: &Fonts, width: usize, height: usize) -> Result<Self> {
        let (width, height) = (width as f32, height as f32);
        let text = chart.text.unwrap_or_else(|| text_size(width, height));
        if !(4.0..=400.0).contains(&text) {
            let reason = format!("must be 4 to 400 pixels, got {text}");
            return Err(Error::config("plot", "text", reason));
        }
        let count = chart.panels.len() as f32;
        let gap = if chart.axes { 0.9 * text } else { 2.0 };
        let mut layout = Self {
            text,
            areas: Vec::new(),
            margin: 0.0,
            bar: (width, 0.0),
        };
        let (mut left, mut right, mut top, mut bottom) = (0.0, width, 0.0, height);
        if chart.axes {
            layout.margin = 0.7 * text;
            left = layout.margin + layout.beside(chart, fonts);
            right = width - layout.key(chart, fonts, width);
            let headed = !chart.title.is_empty() || chart.named().next().is_some();
            top = if headed { 2.3 * text } else { 0.9 * text };
            let label = if chart.x.label.is_empty() { 0.0 } else { 1.5 };
            bottom = height - (1.9 + label + 0.5) * text;
        }
        let titled = |panel: &Panel| {
            if titled(chart, panel) {
                1.4 * text
            } else {
                0.0
            }
        };
        let titles: f32 = chart.panels.iter().map(titled).sum();
        let room = bottom - top - titles - gap * (count - 1.0);
        let shares: f32 = chart.panels.iter().map(|panel| panel.height).sum();
        let mut y = top;
        for panel in &chart.panels {
            y += titled(panel);
            let height = room * panel.height / shares;
            let least = if chart.axes { LEAST * text } else { 1.0 };
            if !(height >= least && right - left >= least) {
                let reason = "is too small for what is to be drawn; ask for a larger picture, or for \
                              one without axes";
                return Err(Error::config("plot", "size", reason));
            }
            // On whole pixels, so that edges are crisp.
            layout.areas.push(Area {
                left: left.round(),
                top: y.round(),
                width: right.round() - left.round(),
                height: (y + height).round() - y.round(),
            });
            y += height + gap;
        }
        Ok(layout)
    }

    /// The room for the marks and names of the axes beside.
    fn beside(&self, chart: &Chart, fonts: &Fonts) -> f32 {
        let style = TextStyle::new(self.text);
        let named = chart.panels.iter().any(|panel| !panel.y.label.is_empty());
        // Of as many marks as there could be: how tall a panel will be is not known yet.
        let marks = chart
            .panels
            .iter()
            .flat_map(|panel| panel.y.ticks(40.0, BESIDE));
        let widest = marks
            .map(|(_, mark)| fonts.width(&mark, style))
            .fold(0.0, f32::max);
        let name = if named { 1.6 * self.text } else { 0.0 };
        name + widest + 0.6 * self.text
    }

    /// The room for the bars of colours, and the edge of the picture.
    fn key(&mut self, chart: &Chart, fonts: &Fonts, width: f32) -> f32 {
        let style = TextStyle::new(self.text);
        let keys = chart.panels.iter().filter_map(Panel::heat);
        let widest = keys
            .clone()
            .flat_map(|(heat, _)| bar_axis(heat).ticks(40.0, BESIDE))
            .map(|(_, mark)| fonts.width(&mark, style))
            .fold(0.0, f32::max);
        let Some(name) = keys
            .map(|(_, key)| if key.is_empty() { 0.0 } else { 1.5 })
            .reduce(f32::max)
        else {
            return 1.2 * self.text;
        };
        let bar = 0.9 * self.text;
        let beside = bar + 0.6 * self.text + widest + (name + 0.4) * self.text;
        self.bar = (width - beside, bar);
        beside + 0.9 * self.text
    }
}

/// Whether there is a line for a panel's title.
pub(crate) fn titled(chart: &Chart, panel: &Panel) -> bool {
    chart.axes && !panel.title.is_empty()
}

/// The axis of a heat map's bar of colours.
pub(crate) fn bar_axis(heat: &crate::Heat) -> Axis {
    let (low, high) = heat.shades().range();
    if low < high {
        Axis::new("", low, high)
    } else {
        // All values are one: the bar is that one's colour.
        Axis::new("", low - 1.0, low + 1.0)
    }
}

/// Letters grow with the picture, but not as fast.
fn text_size(width: f32, height: f32) -> f32 {
    (width / 58.0)
        .min((width * height).sqrt() / 36.0)
        .clamp(10.5, 40.0)
}
