//! The frame of pictures of shares against shares.

use sarangi_core::Result;
use sarangi_plot::{AXIS, Align, Canvas, Fonts, GRID, Point, SOFT_INK, TextStyle, point};

/// Letters of the axes.
pub(super) const TEXT: f32 = 27.0;
const TITLE: f32 = 38.0;

/// A square whose sides go from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Square {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) side: f32,
}

impl Square {
    /// Where pictures have their edge.
    pub(super) const MARGIN: f32 = 70.0;

    pub(super) fn at(&self, x: f64, y: f64) -> Point {
        let side = f64::from(self.side);
        point(
            self.left + (x * side) as f32,
            self.top + ((1.0 - y) * side) as f32,
        )
    }

    /// A picture of this width and height with title, text below it, and the axes of the square.
    pub(super) fn framed(
        &self,
        (width, height): (f32, f32),
        [title, below]: [&str; 2],
        [x_name, y_name]: [&str; 2],
    ) -> Result<(Canvas, Fonts)> {
        let fonts = Fonts::load()?;
        let mut canvas = Canvas::new(width, height)?;
        Self::heading(&mut canvas, &fonts, title, below);
        self.axes(&mut canvas, &fonts, x_name, y_name);
        Ok((canvas, fonts))
    }

    /// What stands above the picture.
    pub(super) fn heading(canvas: &mut Canvas, fonts: &Fonts, title: &str, below: &str) {
        let style = TextStyle::new(TITLE).bold();
        let width = canvas.width() - 2.0 * Self::MARGIN;
        let title = fonts.shorten(title, style, width);
        fonts.draw(canvas, &title, point(Self::MARGIN, 84.0), style);
        let style = TextStyle::new(TEXT).colour(SOFT_INK);
        let below = fonts.shorten(below, style, width);
        fonts.draw(canvas, &below, point(Self::MARGIN, 132.0), style);
    }

    /// Grid, numbers and the names of both axes.
    fn axes(&self, canvas: &mut Canvas, fonts: &Fonts, x_name: &str, y_name: &str) {
        let style = TextStyle::new(TEXT).colour(SOFT_INK);
        for fifth in 0..=5 {
            let share = f64::from(fifth) / 5.0;
            let text = format!("{share:.1}");
            let at = self.at(0.0, share);
            canvas.rect(at.x, at.y - 1.0, self.side, 2.0, GRID);
            let beside = point(at.x - 18.0, at.y + style.drop());
            fonts.draw(canvas, &text, beside, style.align(Align::End));
            let at = self.at(share, 0.0);
            canvas.rect(at.x - 1.0, self.top, 2.0, self.side, GRID);
            let below = point(at.x, at.y + 44.0);
            fonts.draw(canvas, &text, below, style.align(Align::Middle));
        }
        let corner = self.at(0.0, 0.0);
        canvas.rect(corner.x, corner.y - 1.0, self.side, 2.0, AXIS);
        let middle = style.align(Align::Middle);
        let below = point(self.left + self.side / 2.0, corner.y + 94.0);
        fonts.draw(canvas, x_name, below, middle);
        let beside = point(self.left - 88.0, self.top + self.side / 2.0);
        fonts.draw(canvas, y_name, beside, middle.angle(90.0));
    }

    /// The line on which both shares are the same, dashed.
    pub(super) fn diagonal(&self, canvas: &mut Canvas) {
        const DASHES: u32 = 40;
        for dash in (0..DASHES).step_by(2) {
            let [from, to] = [dash, dash + 1].map(|end| f64::from(end) / f64::from(DASHES));
            canvas.line(&[self.at(from, from), self.at(to, to)], 3.0, AXIS);
        }
    }
}
