// The example on that page draws.
#![cfg_attr(feature = "draw", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "draw"),
    doc = "Pictures of numbers about sound; charts need the feature `draw`."
)]

mod colour_map;
mod overlay;
mod picture;
mod reduce;
mod shades;

#[cfg(feature = "png")]
mod png;

#[cfg(feature = "draw")]
mod area;
#[cfg(feature = "draw")]
mod axis;
#[cfg(feature = "draw")]
mod canvas;
#[cfg(feature = "draw")]
mod chart;
#[cfg(feature = "draw")]
mod heat;
#[cfg(feature = "draw")]
mod hues;
#[cfg(feature = "draw")]
mod layer;
#[cfg(feature = "draw")]
mod layout;
#[cfg(feature = "draw")]
mod palette;
#[cfg(feature = "draw")]
mod panel;
#[cfg(feature = "draw")]
mod point;
#[cfg(feature = "draw")]
mod text;
#[cfg(feature = "draw")]
mod ticks;

pub use colour_map::{Colour, ColourMap};
pub use picture::Picture;
pub use shades::Shades;

#[cfg(feature = "draw")]
pub use area::Area;
#[cfg(feature = "draw")]
pub use axis::{Axis, Marks, Scale};
#[cfg(feature = "draw")]
pub use canvas::Canvas;
#[cfg(feature = "draw")]
pub use chart::Chart;
#[cfg(feature = "draw")]
pub use heat::Heat;
#[cfg(feature = "draw")]
pub use hues::categorical;
#[cfg(feature = "draw")]
pub use layer::{Layer, Style};
#[cfg(feature = "draw")]
pub use palette::{ACCENT, AXIS, GRID, INK, PAPER, SECOND, SOFT_INK, readable_on, sequential};
#[cfg(feature = "draw")]
pub use panel::Panel;
#[cfg(feature = "draw")]
pub use point::{Point, point};
#[cfg(feature = "draw")]
pub use text::{Align, Fonts, TextStyle};
#[cfg(feature = "draw")]
pub use ticks::{Ticks, round_up};
