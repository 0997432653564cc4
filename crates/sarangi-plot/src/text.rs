//! Letters.

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve};
use sarangi_core::{Error, Result};

use crate::{Canvas, Colour, INK, Point, point};

/// Where the point that a text is placed at lies along its baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Align {
    /// The text begins there.
    Start,
    /// The text's middle is there.
    Middle,
    /// The text ends there.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Pixels to the em.
    pub size: f32,
    /// Whether it is bold.
    pub bold: bool,
    /// Its colour.
    pub colour: Colour,
    /// Where its point lies.
    pub align: Align,
    /// Degrees, counter-clockwise.
    pub angle: f32,
}

impl TextStyle {
    /// Ink, regular, level, starting at its point.
    pub fn new(size: f32) -> Self {
        Self {
            size,
            bold: false,
            colour: INK,
            align: Align::Start,
            angle: 0.0,
        }
    }

    /// The same in bold.
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The same in another colour.
    pub fn colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    /// The same with its point elsewhere.
    pub fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// The same at an angle, in degrees counter-clockwise.
    pub fn angle(self, angle: f32) -> Self {
        Self { angle, ..self }
    }

    /// How far below a line's middle its baseline lies for capitals and digits to look centred.
    pub fn drop(self) -> f32 {
        0.365 * self.size
    }
}

/// The embedded fonts: DejaVu Sans, regular and bold.
#[derive(Clone, Debug)]
pub struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Fonts {
    /// Reads the embedded fonts.
    ///
    /// # Errors
    /// [`Error::Backend`] if they are broken, which only a broken program can have.
    pub fn load() -> Result<Self> {
        let parse = |bytes| {
            FontRef::try_from_slice(bytes).map_err(|e| Error::backend("read the embedded font", e))
        };
        Ok(Self {
            regular: parse(include_bytes!("../assets/DejaVuSans.subset.ttf"))?,
            bold: parse(include_bytes!("../assets/DejaVuSans-Bold.subset.ttf"))?,
        })
    }

    /// The width of a text in pixels.
    pub fn width(&self, text: &str, style: TextStyle) -> f32 {
        let (_, end) = self.layout(text, style);
        end
    }

    /// The text, or as much of it as fits into `width` pixels with "…" after it.
    pub fn shorten(&self, text: &str, style: TextStyle, width: f32) -> String {
        if self.width(text, style) <= width {
            return text.to_owned();
        }
        let mut kept: String = text.chars().take(MAX_CHARS).collect();
        while kept.pop().is_some() {
            let shortened = format!("{}…", kept.trim_end());
            if self.width(&shortened, style) <= width {
                return shortened;
            }
        }
        String::new()
    }

    /// Draws a text with its baseline through `at`.
    pub fn draw(&self, canvas: &mut Canvas, text: &str, at: Point, style: TextStyle) {
        let font = self.face(style);
        let (glyphs, width) = self.layout(text, style);
        let start = match style.align {
            Align::Start => 0.0,
            Align::Middle => -width / 2.0,
            Align::End => -width,
        };
        let scale = self.scale(style);
        let (sin, cos) = style.angle.to_radians().sin_cos();
        for (glyph, x) in glyphs {
            let Some(outline) = font.outline(glyph) else {
                continue;
            };
            let place = |p: ab_glyph::Point| -> ab_glyph::Point {
                let (x, y) = (start + x + scale * p.x, scale * p.y);
                (at + point(x * cos - y * sin, -x * sin - y * cos)).into()
            };
            let curves = outline.curves.into_iter().map(|curve| match curve {
                OutlineCurve::Line(a, b) => OutlineCurve::Line(place(a), place(b)),
                OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(place(a), place(b), place(c)),
                OutlineCurve::Cubic(a, b, c, d) => {
                    OutlineCurve::Cubic(place(a), place(b), place(c), place(d))
                }
            });
            canvas.fill(curves.collect(), style.colour);
        }
    }

    /// Each glyph with the place where it starts, and where the text ends, in pixels.
    fn layout(&self, text: &str, style: TextStyle) -> (Vec<(GlyphId, f32)>, f32) {
        let font = self.face(style);
        let scale = self.scale(style);
        let mut glyphs: Vec<(GlyphId, f32)> = Vec::new();
        let mut x = 0.0;
        for c in text.chars().filter(|c| !c.is_control()).take(MAX_CHARS) {
            let glyph = font.glyph_id(c);
            if let Some(&(before, _)) = glyphs.last() {
                x += scale * font.kern_unscaled(before, glyph);
            }
            glyphs.push((glyph, x));
            x += scale * font.h_advance_unscaled(glyph);
        }
        (glyphs, x)
    }

    fn face(&self, style: TextStyle) -> &FontRef<'static> {
        if style.bold {
            &self.bold
        } else {
            &self.regular
        }
    }

    /// Pixels to one unit of the font.
    fn scale(&self, style: TextStyle) -> f32 {
        style.size / self.face(style).units_per_em().unwrap_or(2048.0)
    }
}

/// No line of a plot holds more; it bounds the work that a monstrous name can cause.
const MAX_CHARS: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened_to_fit() {
        let fonts = Fonts::load().unwrap();
        let style = TextStyle::new(20.0);
        assert_eq!(fonts.shorten("blues", style, 100.0), "blues");
        let short = fonts.shorten("North Indian classical", style, 100.0);
        assert!(
            short.ends_with('…') && short.starts_with("North"),
            "{short}"
        );
        assert!(fonts.width(&short, style) <= 100.0);
        assert_eq!(fonts.shorten("blues", style, 1.0), "");
        assert!(fonts.shorten(&"x".repeat(1 << 20), style, 500.0).len() < 100);
    }

    #[test]
    fn the_fonts_hold_the_letters_of_european_and_transliterated_names() {
        let fonts = Fonts::load().unwrap();
        for c in "azAZ09%…→± éßøčşŁžőīāṇṭḍṣśṛ αΩ дЖ".chars() {
            for font in [&fonts.regular, &fonts.bold] {
                assert_ne!(font.glyph_id(c), GlyphId(0), "{c}");
            }
        }
    }

    #[test]
    fn size_is_in_pixels_to_the_em() {
        let fonts = Fonts::load().unwrap();
        // DejaVu Sans' digits advance by 1303 of 2048 units.
        let width = fonts.width("00", TextStyle::new(2048.0));
        assert!((width - 2.0 * 1303.0).abs() < 1.0, "{width}");
    }
}
