//! The frame of a drawn chart: scales, grid, ticks.

use sarangi_plot::Ticks;

use super::html::Html;
use super::numbers::place;

/// A drawing in units that are pixels on a wide page, with two linear axes.
pub(crate) struct Chart {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// From the left edge to the values.
    pub(crate) left: f64,
    /// What lies between values and right edge.
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
}

/// What stands at an axis: where, and what.
pub(crate) type Marks = Vec<(f64, String)>;

impl Chart {
    /// A square of shares against shares.
    pub(crate) fn shares() -> Self {
        Self {
            width: 520.0,
            height: 440.0,
            left: 64.0,
            right: 16.0,
            top: 12.0,
            bottom: 58.0,
            x: (0.0, 1.0),
            y: (0.0, 1.0),
        }
    }

    pub(crate) fn at_x(&self, value: f64) -> f64 {
        let share = (value - self.x.0) / (self.x.1 - self.x.0);
        self.left + share * (self.width - self.left - self.right)
    }

    pub(crate) fn at_y(&self, value: f64) -> f64 {
        let share = (value - self.y.0) / (self.y.1 - self.y.0);
        self.height - self.bottom - share * (self.height - self.top - self.bottom)
    }

    /// The drawing: its name for those who cannot see it, and what `inside` draws.
    pub(crate) fn draw(&self, html: &mut Html, name: &str, inside: impl FnOnce(&Self, &mut Html)) {
        let view = format!("0 0 {} {}", self.width, self.height);
        let attributes = [
            ("class", "chart"),
            ("viewBox", &view),
            ("role", "img"),
            ("aria-label", name),
        ];
        html.element("svg", &attributes, |html| inside(self, html));
    }

    /// Grid, marks and names of both axes.
    pub(crate) fn axes(&self, html: &mut Html, x: (&str, &Marks), y: (&str, &Marks)) {
        let (left, right) = (self.left, self.width - self.right);
        let (top, bottom) = (self.top, self.height - self.bottom);
        for (value, text) in y.1 {
            let at = self.at_y(*value);
            line(html, "grid", (left, at), (right, at));
            label(html, "tick end", (left - 8.0, at + 4.5), text);
        }
        for (value, text) in x.1 {
            let at = self.at_x(*value);
            line(html, "grid", (at, top), (at, bottom));
            label(html, "tick middle", (at, bottom + 21.0), text);
        }
        line(html, "axis", (left, bottom), (right, bottom));
        label(
            html,
            "name middle",
            ((left + right) / 2.0, bottom + 46.0),
            x.0,
        );
        let middle = (top + bottom) / 2.0;
        let turn = format!("translate(15 {}) rotate(-90)", place(middle));
        html.leaf(
            "text",
            &[("class", "name middle"), ("transform", &turn)],
            y.0,
        );
    }

    /// A path through points, without those that nobody could see apart from the one before.
    pub(crate) fn path(&self, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        const APART: f64 = 0.3;
        let mut path = String::new();
        let mut last: Option<(f64, f64)> = None;
        let mut skipped: Option<(f64, f64)> = None;
        let mut go = |(x, y): (f64, f64)| {
            path.push(if path.is_empty() { 'M' } else { 'L' });
            path += &format!("{} {}", place(x), place(y));
        };
        for (x, y) in points {
            let at = (self.at_x(x), self.at_y(y));
            if !(at.0.is_finite() && at.1.is_finite()) {
                continue;
            }
            match last {
                Some(before)
                    if (before.0 - at.0).abs() < APART && (before.1 - at.1).abs() < APART =>
                {
                    skipped = Some(at);
                }
                _ => {
                    go(at);
                    last = Some(at);
                    skipped = None;
                }
            }
        }
        if let Some(at) = skipped {
            go(at);
        }
        path
    }
}

/// Marks at every fifth in per cent.
pub(crate) fn percent_marks() -> Marks {
    let mark = |fifth: u32| (f64::from(fifth) / 5.0, format!("{}\u{a0}%", 20 * fifth));
    (0..=5).map(mark).collect()
}

/// Marks at every fifth as numbers.
pub(crate) fn share_marks() -> Marks {
    let mark = |fifth: u32| {
        (
            f64::from(fifth) / 5.0,
            format!("{:.1}", f64::from(fifth) / 5.0),
        )
    };
    (0..=5).map(mark).collect()
}

/// Marks at round numbers.
pub(crate) fn round_marks(low: f64, high: f64, count: usize, smallest: f64) -> Marks {
    let ticks = Ticks::new(low, high, count, smallest);
    ticks
        .values
        .iter()
        .map(|&value| (value, ticks.label(value).replace('-', "−")))
        .collect()
}

pub(crate) fn line(html: &mut Html, class: &str, from: (f64, f64), to: (f64, f64)) {
    let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(place);
    html.void(
        "line",
        &[
            ("class", class),
            ("x1", &x1),
            ("y1", &y1),
            ("x2", &x2),
            ("y2", &y2),
        ],
    );
}

pub(crate) fn label(html: &mut Html, class: &str, at: (f64, f64), text: &str) {
    let [x, y] = [at.0, at.1].map(place);
    html.leaf("text", &[("class", class), ("x", &x), ("y", &y)], text);
}

/// A rectangle from its upper left corner, with a word for whoever points at it.
pub(crate) fn bar(html: &mut Html, class: &str, at: (f64, f64), size: (f64, f64), title: &str) {
    let [x, y, width, height] = [at.0, at.1, size.0.max(0.0), size.1.max(0.0)].map(place);
    let attributes = [
        ("class", class),
        ("x", x.as_str()),
        ("y", &y),
        ("width", &width),
        ("height", &height),
    ];
    html.element("rect", &attributes, |html| html.leaf("title", &[], title));
}

/// The hue of one of several classes, for the style of what is drawn in its colour.
pub(crate) fn hue(class: usize, classes: usize) -> String {
    // Few hues are spread evenly; of many, each next one lies in the widest gap.
    let degrees = if classes <= 12 {
        class as f64 * 360.0 / classes.max(1) as f64 + 15.0
    } else {
        class as f64 * 137.508 + 15.0
    };
    format!("--hue:{:.0}", degrees % 360.0)
}
