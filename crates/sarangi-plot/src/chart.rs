//! Pictures with axes.

use sarangi_core::{Error, Result};

use crate::layout::{BELOW, BESIDE, Layout, bar_axis, titled};
use crate::{
    AXIS, Align, Area, Axis, Canvas, ColourMap, Fonts, GRID, Heat, Layer, Panel, Picture, SOFT_INK,
    Style, TextStyle, point,
};

/// Panels above each other over one axis, mostly of time, with what explains them.
///
/// ```
/// use sarangi_plot::{Axis, Chart, Heat, Layer, Panel};
///
/// let values = ndarray::Array2::from_shape_fn((12, 30), |(row, column)| (row * column) as f32);
/// let edges = |cells: u32| (0..=cells).map(f64::from).collect();
/// let heat = Heat::new(values, edges(30), edges(12));
/// let picture = Chart::new(Axis::seconds(0.0, 30.0))
///     .titled("Products")
///     .with(Panel::new(Axis::new("Row", 0.0, 12.0)).with(Layer::Heat(heat)).keyed("units"))
///     .render(640, 240)?;
/// assert_eq!((picture.width(), picture.height()), (640, 240));
/// # Ok::<(), sarangi_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chart {
    /// What stands above it; empty for nothing.
    pub title: String,
    /// The axis below.
    pub x: Axis,
    /// The panels, from the top.
    pub panels: Vec<Panel>,
    /// Whether axes, titles and bars of colours are drawn; without, the panels fill the picture.
    pub axes: bool,
    /// The size of letters in pixels; `None` for one that suits the picture.
    pub text: Option<f32>,
}

impl Chart {
    /// A chart without panels.
    pub fn new(x: Axis) -> Self {
        Self {
            title: String::new(),
            x,
            panels: Vec::new(),
            axes: true,
            text: None,
        }
    }

    /// The same with a title.
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..self
        }
    }

    /// The same with another panel below.
    pub fn with(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// The same without axes, titles and bars.
    pub fn bare(self) -> Self {
        Self {
            axes: false,
            ..self
        }
    }

    /// The same with all its heat maps in these colours.
    pub fn coloured(mut self, colours: ColourMap) -> Self {
        for layer in self.panels.iter_mut().flat_map(|panel| &mut panel.layers) {
            if let Layer::Heat(heat) = layer {
                heat.colours = colours;
            }
        }
        self
    }

    /// Draws it.
    ///
    /// # Errors
    /// [`Error::Config`] if there is no panel, if an axis goes nowhere, or if the picture is too small
    /// or larger than 65,536 pixels a side; [`Error::Shape`] if a layer has not as many places as values.
    pub fn render(&self, width: usize, height: usize) -> Result<Picture> {
        self.check()?;
        let fonts = Fonts::load()?;
        let mut canvas = Canvas::new(width as f32, height as f32)?;
        let layout = Layout::new(self, &fonts, width, height)?;
        let brush = Brush {
            chart: self,
            fonts: &fonts,
            text: layout.text,
        };
        if self.axes {
            brush.heading(&mut canvas, &layout, width as f32);
        }
        for (panel, area) in self.panels.iter().zip(&layout.areas) {
            if self.axes {
                brush.beside(&mut canvas, panel, area, &layout);
            }
            canvas.within(area, |canvas| {
                for layer in &panel.layers {
                    layer.draw(canvas, area, &self.x, &panel.y, layout.text / LETTER);
                }
            });
            if self.axes {
                brush.frame(&mut canvas, area);
                if let Some((heat, key)) = panel.heat() {
                    brush.bar(&mut canvas, heat, key, area, &layout);
                }
            }
        }
        if let Some(area) = layout.areas.last().filter(|_| self.axes) {
            brush.below(&mut canvas, area);
        }
        Ok(canvas.into_picture())
    }

    /// The styles of what has a name, each once.
    pub(crate) fn named(&self) -> impl Iterator<Item = &Style> {
        let layers = self.panels.iter().flat_map(|panel| &panel.layers);
        let styles: Vec<&Style> = layers.filter_map(Layer::style).collect();
        let mut seen = Vec::new();
        styles.into_iter().filter(move |style| {
            let new = !style.name.is_empty() && !seen.contains(&&style.name);
            seen.push(&style.name);
            new
        })
    }

    fn check(&self) -> Result<()> {
        if self.panels.is_empty() {
            let reason = "must be at least one";
            return Err(Error::config("plot", "panels", reason));
        }
        self.x.check("x")?;
        for panel in &self.panels {
            panel.y.check("y")?;
            if !(panel.height > 0.0 && panel.height.is_finite()) {
                let reason = format!("must be above 0, got {}", panel.height);
                return Err(Error::config("plot", "height", reason));
            }
            for layer in &panel.layers {
                layer.check()?;
            }
        }
        Ok(())
    }
}

/// The size of letters at which a line of width 1 is one pixel wide.
const LETTER: f32 = 11.0;

/// Draws what explains the panels.
struct Brush<'a> {
    chart: &'a Chart,
    fonts: &'a Fonts,
    text: f32,
}

impl Brush<'_> {
    fn soft(&self) -> TextStyle {
        TextStyle::new(self.text).colour(SOFT_INK)
    }

    /// Whole pixels, at least one.
    fn hair(&self) -> f32 {
        (self.text / LETTER).round().max(1.0)
    }

    /// The title, and what the lines are called.
    fn heading(&self, canvas: &mut Canvas, layout: &Layout, width: f32) {
        let text = self.text;
        let mut right = layout.areas.first().map_or(width, Area::right);
        let baseline = 1.5 * text;
        let left = layout.areas.first().map_or(text, |area| area.left);
        let named: Vec<&Style> = self.chart.named().collect();
        for style in named.into_iter().rev() {
            let swatch = 1.6 * text;
            let room = right - left - 2.0 * swatch;
            let name = self.fonts.shorten(&style.name, self.soft(), room.max(0.0));
            let at = point(right, baseline);
            self.fonts
                .draw(canvas, &name, at, self.soft().align(Align::End));
            right -= self.fonts.width(&name, self.soft()) + 0.5 * text;
            let y = baseline - self.soft().drop();
            let thick = (0.22 * text).max(2.0);
            canvas.line(
                &[point(right - swatch, y), point(right, y)],
                thick,
                style.colour,
            );
            right -= swatch + 1.2 * text;
        }
        let bold = TextStyle::new(1.15 * text).bold();
        let title = self
            .fonts
            .shorten(&self.chart.title, bold, (right - left).max(0.0));
        self.fonts.draw(canvas, &title, point(left, baseline), bold);
    }

    /// The axis to the left, its lines across, and the title above.
    fn beside(&self, canvas: &mut Canvas, panel: &Panel, area: &Area, layout: &Layout) {
        let (text, hair) = (self.text, self.hair());
        if titled(self.chart, panel) {
            let title = self.fonts.shorten(&panel.title, self.soft(), area.width);
            let at = point(area.left, area.top - 0.45 * text);
            self.fonts.draw(canvas, &title, at, self.soft());
        }
        let covered = |layer: &Layer| matches!(layer, Layer::Heat(_) | Layer::Image(_));
        let covered = panel.layers.iter().any(covered);
        let style = self.soft().align(Align::End);
        for (share, mark) in panel.y.ticks(f64::from(area.height / text), BESIDE) {
            let y = area.bottom() - share as f32 * area.height;
            if !covered {
                canvas.rect(area.left, y - hair / 2.0, area.width, hair, GRID);
            }
            let reach = 0.35 * text;
            canvas.rect(area.left - reach, y - hair / 2.0, reach, hair, AXIS);
            let at = point(area.left - 0.6 * text, y + style.drop());
            self.fonts.draw(canvas, &mark, at, style);
        }
        let style = self.soft().align(Align::Middle).angle(90.0);
        let name = self
            .fonts
            .shorten(&panel.y.label, style, 1.15 * area.height);
        let middle = (area.top + area.bottom()) / 2.0;
        let at = point(layout.margin + 2.0 * style.drop(), middle);
        self.fonts.draw(canvas, &name, at, style);
    }

    /// A fine line around a panel.
    fn frame(&self, canvas: &mut Canvas, area: &Area) {
        let hair = self.hair();
        let (left, top) = (area.left - hair, area.top - hair);
        let (width, height) = (area.width + 2.0 * hair, area.height + 2.0 * hair);
        for x in [left, area.right()] {
            canvas.rect(x, top, hair, height, AXIS);
        }
        for y in [top, area.bottom()] {
            canvas.rect(left, y, width, hair, AXIS);
        }
    }

    /// The bar of a heat map's colours.
    fn bar(&self, canvas: &mut Canvas, heat: &Heat, key: &str, area: &Area, layout: &Layout) {
        let (text, hair) = (self.text, self.hair());
        let bar = Area {
            left: layout.bar.0.round(),
            width: layout.bar.1.round(),
            ..*area
        };
        let axis = bar_axis(heat);
        let shades = heat.shades();
        let rows = bar.height as usize;
        for row in 0..rows {
            let share = (rows - row) as f64 - 0.5;
            let value = axis.low + share / rows as f64 * (axis.high - axis.low);
            let colour = heat.colours.colour(shades.share(value as f32));
            canvas.rect(bar.left, bar.top + row as f32, bar.width, 1.0, colour);
        }
        self.frame(canvas, &bar);
        for (share, mark) in axis.ticks(f64::from(bar.height / text), BESIDE) {
            let y = bar.bottom() - share as f32 * bar.height;
            canvas.rect(bar.right(), y - hair / 2.0, 0.35 * text, hair, AXIS);
            let at = point(bar.right() + 0.6 * text, y + self.soft().drop());
            self.fonts.draw(canvas, &mark, at, self.soft());
        }
        let style = self.soft().align(Align::Middle).angle(90.0);
        let key = self.fonts.shorten(key, style, 1.15 * bar.height);
        let middle = (bar.top + bar.bottom()) / 2.0;
        let right = canvas.width() - 0.6 * text;
        self.fonts.draw(canvas, &key, point(right, middle), style);
    }

    /// The axis below the last panel.
    fn below(&self, canvas: &mut Canvas, area: &Area) {
        let (text, hair) = (self.text, self.hair());
        let style = self.soft().align(Align::Middle);
        for (share, mark) in self.chart.x.ticks(f64::from(area.width / text), BELOW) {
            let x = area.left + share as f32 * area.width;
            canvas.rect(x - hair / 2.0, area.bottom(), hair, 0.35 * text, AXIS);
            let at = point(x, area.bottom() + 0.7 * text + 2.0 * style.drop());
            self.fonts.draw(canvas, &mark, at, style);
        }
        let middle = (area.left + area.right()) / 2.0;
        let at = point(middle, area.bottom() + 2.2 * text + 2.0 * style.drop());
        self.fonts.draw(canvas, &self.chart.x.label, at, style);
    }
}
