//! What panels show.

use sarangi_core::{Error, Result};

use crate::{ACCENT, Area, Axis, Canvas, Colour, Heat, Picture, Point, finite_range, point};

/// How a line looks, and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Its colour.
    pub colour: Colour,
    /// Its width; 1 is a line as fine as the strokes of the letters.
    pub width: f32,
    /// What it is called above the picture; empty for nothing.
    pub name: String,
}

impl Style {
    /// A line of this colour without a name.
    pub fn new(colour: Colour) -> Self {
        Self {
            colour,
            width: 1.5,
            name: String::new(),
        }
    }

    /// The same with a name.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// The same with another width.
    pub fn width(self, width: f32) -> Self {
        Self { width, ..self }
    }
}

impl Default for Style {
    fn default() -> Self {
        Self::new(ACCENT)
    }
}

/// One thing that a panel shows; the later lie above the earlier.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Layer {
    /// Numbers as colours.
    Heat(Heat),
    /// Samples of sound: from the least to the largest in each column of pixels, or a line through
    /// them where there are few. As `librosa.display.waveshow`.
    Wave {
        /// The samples.
        samples: Vec<f32>,
        /// Samples to one unit of the axis below; the first is at 0.
        rate: f64,
        /// How it looks.
        style: Style,
    },
    /// A line through points, with a gap where one is not finite; one between two gaps is a dot.
    Line {
        /// The points' values on the axis below.
        x: Vec<f64>,
        /// The points' values on the axis beside, as many.
        y: Vec<f64>,
        /// How it looks.
        style: Style,
    },
    /// Lines from top to bottom, such as beats.
    Verticals {
        /// Their values on the axis below.
        x: Vec<f64>,
        /// How they look.
        style: Style,
    },
    /// A picture that fills the panel, whatever its axes are.
    Image(Picture),
}

impl Layer {
    /// The style, of what has one.
    pub(crate) fn style(&self) -> Option<&Style> {
        match self {
            Self::Heat(_) | Self::Image(_) => None,
            Self::Wave { style, .. } | Self::Line { style, .. } | Self::Verticals { style, .. } => {
                Some(style)
            }
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Heat(heat) => heat.check(),
            Self::Line { x, y, .. } if x.len() != y.len() => {
                let expected = format!("as many values x as y ({})", y.len());
                Err(Error::shape("plot", expected, x.len()))
            }
            Self::Wave { rate, .. } if !(*rate > 0.0 && rate.is_finite()) => {
                let reason = format!("must be above 0, got {rate}");
                Err(Error::config("plot", "rate", reason))
            }
            _ => Ok(()),
        }
    }

    /// Draws itself; `stroke` is the width of a line of width 1.
    pub(crate) fn draw(&self, canvas: &mut Canvas, area: &Area, x: &Axis, y: &Axis, stroke: f32) {
        let at = Places { area, x, y };
        match self {
            Self::Heat(heat) => heat.draw(canvas, area, x, y),
            Self::Wave {
                samples,
                rate,
                style,
            } => wave(canvas, &at, samples, *rate, style, stroke),
            Self::Line { x, y, style } => {
                let points: Vec<Option<Point>> =
                    x.iter().zip(y).map(|(&x, &y)| at.point(x, y)).collect();
                for run in points.split(Option::is_none) {
                    let run: Vec<Point> = run.iter().flatten().copied().collect();
                    canvas.line(&run, stroke * style.width, style.colour);
                }
            }
            Self::Verticals { x, style } => {
                let width = (stroke * style.width).round().max(1.0);
                for &value in x {
                    let left = at.x(value) - width / 2.0;
                    if left.is_finite() {
                        canvas.rect(left, area.top, width, area.height, style.colour);
                    }
                }
            }
            Self::Image(picture) => image(canvas, area, picture),
        }
    }
}

/// From values to pixels.
struct Places<'a> {
    area: &'a Area,
    x: &'a Axis,
    y: &'a Axis,
}

impl Places<'_> {
    fn x(&self, value: f64) -> f32 {
        self.area.left + (self.x.share(value) * f64::from(self.area.width)) as f32
    }

    fn y(&self, value: f64) -> f32 {
        self.area.bottom() - (self.y.share(value) * f64::from(self.area.height)) as f32
    }

    /// The place of two values, if they have one.
    fn point(&self, x: f64, y: f64) -> Option<Point> {
        let place = point(self.x(x), self.y(y));
        let finite = [x, y].iter().all(|value| value.is_finite());
        (finite && place.x.is_finite() && place.y.is_finite()).then_some(place)
    }
}

fn wave(
    canvas: &mut Canvas,
    at: &Places<'_>,
    samples: &[f32],
    rate: f64,
    style: &Style,
    stroke: f32,
) {
    /// Columns with fewer samples show a line through them.
    const FEW: f64 = 2.0;
    let seconds = |sample: usize| sample as f64 / rate;
    let width = at.area.width;
    let shown = (at.x.high - at.x.low) * rate;
    if shown <= FEW * f64::from(width) {
        let first = (at.x.low * rate).floor().max(0.0) as usize;
        let last = samples
            .len()
            .min(((at.x.high * rate).ceil().max(0.0) as usize).saturating_add(1));
        let points: Vec<Point> = (first..last)
            .filter_map(|i| at.point(seconds(i), f64::from(samples[i])))
            .collect();
        canvas.line(&points, stroke * style.width, style.colour);
        return;
    }
    let left = at.area.left.round() as usize;
    for column in 0..width.round() as usize {
        let sample = |column: usize| {
            let share = column as f64 / f64::from(width);
            ((at.x.low + share * (at.x.high - at.x.low)) * rate).max(0.0) as usize
        };
        // One more, so that neighbouring columns meet.
        let range = sample(column).min(samples.len())
            ..samples.len().min(sample(column + 1).saturating_add(1));
        if let Some((low, high)) = finite_range(samples[range].iter().copied()) {
            let (top, bottom) = (at.y(f64::from(high)), at.y(f64::from(low)));
            let height = (bottom - top).max(stroke);
            let top = (top + bottom - height) / 2.0;
            canvas.rect((left + column) as f32, top, 1.0, height, style.colour);
        }
    }
}

/// Each pixel from the nearest of the picture.
fn image(canvas: &mut Canvas, area: &Area, picture: &Picture) {
    let (width, height) = (area.width.round() as usize, area.height.round() as usize);
    let (left, top) = (area.left.round() as usize, area.top.round() as usize);
    for y in 0..height {
        let row = (2 * y + 1) * picture.height() / (2 * height);
        for x in 0..width {
            let column = (2 * x + 1) * picture.width() / (2 * width);
            let pixel = &picture.rgb()[3 * (row * picture.width() + column)..][..3];
            canvas.set(left + x, top + y, [pixel[0], pixel[1], pixel[2]]);
        }
    }
}
