//! Charts: that they have the size asked for, show what they should where they should, and refuse
//! what cannot be drawn.
#![cfg(feature = "draw")]
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use ndarray::Array2;
use proptest::prelude::*;
use sarangi_core::Error;
use sarangi_plot::{
    ACCENT, Axis, Chart, Colour, ColourMap, Heat, INK, Layer, Marks, PAPER, Panel, Picture, SECOND,
    Scale, Style,
};

fn pixels(picture: &Picture) -> impl Iterator<Item = (usize, usize, Colour)> {
    let width = picture.width();
    let pixels = picture.rgb().chunks_exact(3).enumerate();
    pixels.map(move |(at, p)| (at % width, at / width, [p[0], p[1], p[2]]))
}

/// The columns and rows between which a colour is, if it is anywhere.
fn bounds(picture: &Picture, colour: Colour) -> Option<[usize; 4]> {
    let found = pixels(picture).filter(|&(.., c)| c == colour);
    found.fold(None, |bounds, (x, y, _)| {
        let [left, right, top, bottom] = bounds.unwrap_or([x, x, y, y]);
        Some([left.min(x), right.max(x), top.min(y), bottom.max(y)])
    })
}

fn edges(cells: u32) -> Vec<f64> {
    (0..=cells).map(f64::from).collect()
}

/// One bright cell in the second of three columns, in the lower of two rows.
fn heat() -> Heat {
    let mut values = Array2::zeros((2, 3));
    values[(0, 1)] = 1.0;
    Heat::new(values, edges(3), edges(2)).coloured(ColourMap::Grey)
}

fn heat_chart() -> Chart {
    let panel = Panel::new(Axis::new("Row", 0.0, 2.0)).with(Layer::Heat(heat()));
    Chart::new(Axis::seconds(0.0, 3.0)).with(panel.keyed("units"))
}

#[test]
fn without_axes_the_picture_is_filled() {
    let picture = heat_chart().bare().render(60, 20).unwrap();
    assert_eq!((picture.width(), picture.height()), (60, 20));
    assert_eq!(bounds(&picture, PAPER), Some([20, 39, 10, 19]));
    assert_eq!(bounds(&picture, [0; 3]), Some([0, 59, 0, 19]));
}

#[test]
fn axes_leave_room_for_what_explains() {
    for (width, height) in [(300, 200), (640, 240), (1000, 400), (3000, 1200)] {
        let plain = heat_chart().render(width, height).unwrap();
        assert_eq!((plain.width(), plain.height()), (width, height));
        let black = |picture: &Picture| bounds(picture, [0; 3]).unwrap();
        let [left, right, top, bottom] = black(&plain);
        assert!(left > width / 30 && left < width / 4, "{width}: {left}");
        assert!(right > width / 2 && top < height / 8);
        assert!(bottom > height / 2 && bottom < height - 20);
        // No dark ink but the title's.
        assert_eq!(bounds(&plain, INK), None);
        let titled = heat_chart()
            .titled("A title")
            .render(width, height)
            .unwrap();
        let [.., title] = bounds(&titled, INK).unwrap();
        assert!(title < black(&titled)[2], "{width}: {title}");
    }
}

#[test]
fn lines_lie_where_their_values_are() {
    let line = |y: Vec<f64>| {
        let style = Style::new(ACCENT).width(3.0);
        let line = Layer::Line {
            x: vec![0.0, 5.0, 10.0],
            y,
            style,
        };
        let panel = Panel::new(Axis::new("", 0.0, 4.0)).with(line);
        let chart = Chart::new(Axis::new("", 0.0, 10.0)).with(panel).bare();
        bounds(&chart.render(100, 80).unwrap(), ACCENT)
    };
    let [left, right, top, bottom] = line(vec![3.0; 3]).unwrap();
    assert!(left <= 1 && right >= 98);
    assert!((18..=20).contains(&top) && (19..=21).contains(&bottom));
    // A point alone is a dot; after a gap the line goes on.
    let dot = line(vec![f64::NAN, 1.0, f64::INFINITY]);
    assert_eq!(dot, Some([49, 50, 59, 60]));
    let [left, ..] = line(vec![f64::NAN, 1.0, 1.0]).unwrap();
    assert!((47..=51).contains(&left), "{left}");
    // What is above the axis is cut.
    assert_eq!(line(vec![9.0; 3]), None);
}

#[test]
fn a_waveform_reaches_from_its_least_to_its_largest() {
    let wave = |samples: Vec<f32>| {
        let seconds = samples.len() as f64 / 1000.0;
        let wave = Layer::Wave {
            samples,
            rate: 1000.0,
            style: Style::new(SECOND).width(3.0),
        };
        let panel = Panel::new(Axis::new("", -1.0, 1.0)).with(wave);
        let chart = Chart::new(Axis::seconds(0.0, seconds)).with(panel).bare();
        bounds(&chart.render(100, 100).unwrap(), SECOND)
    };
    let square = |n: usize| if n.is_multiple_of(2) { 0.5 } else { -0.25 };
    let many = wave((0..5000).map(square).collect()).unwrap();
    assert_eq!(many, [0, 99, 25, 62]);
    // Few samples: a line through them.
    let [left, right, ..] = wave(vec![0.5; 20]).unwrap();
    assert!(left <= 1 && right >= 92);
    assert_eq!(wave(vec![f32::NAN; 5000]), None);
}

#[test]
fn verticals_and_names() {
    let style = Style::new(SECOND).named("beats");
    let marks = Layer::Verticals {
        x: vec![2.5, f64::NAN, 99.0],
        style,
    };
    let panel = Panel::new(Axis::new("", 0.0, 1.0)).with(marks);
    let chart = Chart::new(Axis::seconds(0.0, 10.0)).with(panel);
    let bare = bounds(&chart.clone().bare().render(100, 50).unwrap(), SECOND);
    assert_eq!(bare, Some([25, 25, 0, 49]));
    // With axes the name stands above, beside a piece of the line.
    let [_, right, top, _] = bounds(&chart.render(640, 240).unwrap(), SECOND).unwrap();
    assert!(top < 25 && right > 400, "{top} {right}");
}

#[test]
fn panels_share_the_height() {
    let panel = |height: f32, colour: Colour| {
        let mut panel = Panel::new(Axis::new("", 0.0, 1.0));
        panel.height = height;
        panel.with(Layer::Image(Picture::plain(1, 1, colour).unwrap()))
    };
    let chart = Chart::new(Axis::seconds(0.0, 1.0))
        .with(panel(1.0, ACCENT))
        .with(panel(3.0, SECOND));
    let picture = chart.bare().render(10, 82).unwrap();
    assert_eq!(bounds(&picture, ACCENT), Some([0, 9, 0, 19]));
    assert_eq!(bounds(&picture, SECOND), Some([0, 9, 22, 81]));
}

#[test]
fn the_same_numbers_give_the_same_picture() {
    let render = || heat_chart().titled("é♯ −1").render(640, 240).unwrap();
    assert_eq!(render(), render());
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let x = Axis::seconds(0.0, 1.0);
    let y = || Axis::new("", 0.0, 1.0);
    let error = |chart: Chart| chart.render(640, 240).unwrap_err();
    let with = |layer: Layer| Chart::new(x.clone()).with(Panel::new(y()).with(layer));
    assert!(
        matches!(error(Chart::new(x.clone())), Error::Config { field, .. } if field == "panels")
    );
    let nowhere = Chart::new(Axis::seconds(1.0, 0.0)).with(Panel::new(y()));
    assert!(matches!(error(nowhere), Error::Config { field, .. } if field == "x"));
    let log = Chart::new(x.clone()).with(Panel::new(y().scaled(Scale::Log)));
    assert!(matches!(error(log), Error::Config { field, .. } if field == "y"));
    let mut flat = Panel::new(y());
    flat.height = 0.0;
    let flat = Chart::new(x.clone()).with(flat);
    assert!(matches!(error(flat), Error::Config { field, .. } if field == "height"));
    let uneven = Layer::Line {
        x: vec![0.0],
        y: vec![],
        style: Style::default(),
    };
    assert!(matches!(error(with(uneven)), Error::Shape { .. }));
    let timeless = Layer::Wave {
        samples: vec![0.0],
        rate: 0.0,
        style: Style::default(),
    };
    assert!(matches!(error(with(timeless)), Error::Config { field, .. } if field == "rate"));
    let edgeless = Heat::new(Array2::zeros((2, 2)), vec![0.0], vec![]);
    assert!(matches!(
        error(with(Layer::Heat(edgeless))),
        Error::Shape { .. }
    ));
    for (width, height) in [(640, 20), (30, 240), (0, 0), (1 << 17, 10)] {
        assert!(
            heat_chart().render(width, height).is_err(),
            "{width} {height}"
        );
    }
    let mut tiny = heat_chart();
    tiny.text = Some(0.0);
    assert!(matches!(error(tiny), Error::Config { field, .. } if field == "text"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn no_numbers_make_it_panic(
        values in prop::collection::vec(any::<f32>(), 12),
        ends in prop::array::uniform4(any::<f64>()),
        size in (1usize..400, 1usize..300),
        axes in any::<bool>(),
        log in any::<bool>(),
    ) {
        let scale = if log { Scale::Log } else { Scale::Linear };
        let y = Axis::new("y", ends[0], ends[1]).scaled(scale).marked(Marks::Round(0.0));
        let line = Layer::Line {
            x: ends.to_vec(),
            y: values[..4].iter().map(|&y| y.into()).collect(),
            style: Style::default().named("line"),
        };
        let wave = Layer::Wave { samples: values.clone(), rate: 4.0, style: Style::default() };
        let heat = Heat::new(Array2::from_shape_vec((3, 4), values).unwrap(), edges(4), edges(3));
        let panel = Panel::new(y).with(Layer::Heat(heat)).with(line).with(wave).keyed("key");
        let mut chart = Chart::new(Axis::new("x", ends[2], ends[3])).with(panel);
        chart.axes = axes;
        if let Ok(picture) = chart.render(size.0, size.1) {
            prop_assert_eq!((picture.width(), picture.height()), size);
        }
    }
}
