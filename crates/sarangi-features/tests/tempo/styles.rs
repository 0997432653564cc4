//! Ways to play.

/// What the bass plays.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Bass {
    None,
    /// A note on each beat.
    Walking,
    /// A note for each bar.
    Held,
    /// Root and fifth, on the first beat and in the middle of the bar.
    Two,
    /// A note on each of these steps.
    Steps(&'static [usize]),
}

/// What the chords do.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Chords {
    None,
    /// One swelling chord for each bar.
    Pad,
    /// Struck on each of these steps.
    Steps(&'static [usize]),
    /// One note after the other, on every n-th step.
    Broken(usize),
}

/// A way to play. Steps are counted from the first beat of the bar; each beat has `steps` of them.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub name: &'static str,
    pub tempi: (f64, f64),
    /// Beats in a bar.
    pub meter: usize,
    /// Steps in a beat.
    pub steps: usize,
    /// How late every other step comes, in steps.
    pub swing: f64,
    pub kick: &'static [usize],
    pub snare: &'static [usize],
    pub rim: &'static [usize],
    pub hat: &'static [usize],
    /// Decay of the hats per second; 8 is a ride cymbal.
    pub ring: f64,
    pub bass: Bass,
    pub chords: Chords,
    /// The share of half beats on which the melody has a note; 0 for none.
    pub melody: f64,
}

const EVERY: [usize; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const EIGHTHS: &[usize] = &[0, 2, 4, 6, 8, 10, 12, 14];
const QUARTERS: &[usize] = &[0, 4, 8, 12];
const BACKBEAT: &[usize] = &[4, 12];

/// Nothing but a pulse without instruments, to be filled in.
const PLAIN: Style = Style {
    name: "",
    tempi: (60.0, 190.0),
    meter: 4,
    steps: 4,
    swing: 0.0,
    kick: &[],
    snare: &[],
    rim: &[],
    hat: &[],
    ring: 50.0,
    bass: Bass::None,
    chords: Chords::None,
    melody: 0.0,
};

/// The ten easy tracks: a plain rock pattern with hats on eighths.
pub(crate) const EASY: Style = Style {
    name: "easy",
    kick: &[0, 8],
    snare: BACKBEAT,
    hat: EIGHTHS,
    bass: Bass::Steps(EIGHTHS),
    chords: Chords::Pad,
    melody: 0.5,
    ..PLAIN
};

/// The same with a held bass and sixteenths in the hats.
pub(crate) const EASY_HELD: Style = Style {
    name: "easy, held bass",
    hat: &EVERY,
    bass: Bass::Held,
    ..EASY
};

/// Their tempi.
pub(crate) const EASY_TEMPI: [f64; 10] = [
    72.0, 84.0, 90.0, 100.0, 108.0, 120.0, 126.0, 132.0, 140.0, 165.0,
];

/// The styles with which the method was designed.
pub(crate) const DESIGN: [Style; 11] = [
    Style {
        name: "slow rock",
        tempi: (60.0, 96.0),
        chords: Chords::Steps(&[0, 6, 8, 14]),
        ..EASY
    },
    Style {
        name: "rock",
        tempi: (85.0, 175.0),
        kick: &[0, 8, 10],
        snare: BACKBEAT,
        hat: EIGHTHS,
        bass: Bass::Steps(EIGHTHS),
        chords: Chords::Steps(&[0, 4, 6, 10, 12]),
        melody: 0.4,
        ..PLAIN
    },
    Style {
        name: "disco",
        tempi: (105.0, 138.0),
        kick: QUARTERS,
        snare: BACKBEAT,
        hat: &[2, 6, 10, 14],
        ring: 20.0,
        bass: Bass::Steps(EIGHTHS),
        chords: Chords::Pad,
        melody: 0.3,
        ..PLAIN
    },
    Style {
        name: "ballad",
        tempi: (60.0, 88.0),
        kick: &[0, 8],
        snare: BACKBEAT,
        hat: EIGHTHS,
        bass: Bass::Held,
        chords: Chords::Pad,
        melody: 0.4,
        ..PLAIN
    },
    Style {
        name: "swing",
        tempi: (110.0, 190.0),
        steps: 3,
        hat: &[0, 3, 5, 6, 9, 11],
        ring: 8.0,
        rim: &[3, 9],
        bass: Bass::Walking,
        chords: Chords::Steps(&[2, 6]),
        melody: 0.5,
        ..PLAIN
    },
    Style {
        name: "waltz",
        tempi: (84.0, 185.0),
        meter: 3,
        steps: 2,
        bass: Bass::Held,
        chords: Chords::Steps(&[2, 4]),
        melody: 0.5,
        ..PLAIN
    },
    Style {
        name: "hip-hop",
        tempi: (72.0, 108.0),
        swing: 0.25,
        kick: &[0, 7, 10],
        snare: BACKBEAT,
        hat: EIGHTHS,
        bass: Bass::Steps(&[0, 7, 10]),
        chords: Chords::Pad,
        ..PLAIN
    },
    Style {
        name: "funk drums",
        tempi: (85.0, 122.0),
        kick: &[0, 3, 10],
        snare: &[4, 7, 9, 12],
        hat: &EVERY,
        ..PLAIN
    },
    Style {
        name: "arpeggio",
        tempi: (66.0, 135.0),
        bass: Bass::Held,
        chords: Chords::Broken(2),
        melody: 0.2,
        ..PLAIN
    },
    Style {
        name: "sparse drums",
        tempi: (70.0, 150.0),
        kick: &[0, 8],
        snare: BACKBEAT,
        ..PLAIN
    },
    Style {
        name: "piano",
        tempi: (66.0, 140.0),
        bass: Bass::Two,
        chords: Chords::Steps(QUARTERS),
        melody: 0.5,
        ..PLAIN
    },
];

/// The styles kept aside.
pub(crate) const HELD_OUT: [Style; 11] = [
    Style {
        name: "shuffle",
        tempi: (66.0, 145.0),
        steps: 3,
        kick: &[0, 6],
        snare: &[3, 9],
        hat: &[0, 2, 3, 5, 6, 8, 9, 11],
        bass: Bass::Steps(&[0, 2, 3, 5, 6, 8, 9, 11]),
        chords: Chords::Pad,
        melody: 0.4,
        ..PLAIN
    },
    Style {
        name: "reggae",
        tempi: (62.0, 92.0),
        kick: &[8],
        snare: &[8],
        hat: EIGHTHS,
        bass: Bass::Steps(&[0, 3, 6, 10]),
        chords: Chords::Steps(&[2, 6, 10, 14]),
        ..PLAIN
    },
    Style {
        name: "bossa",
        tempi: (105.0, 160.0),
        steps: 2,
        kick: &[0, 3, 4, 7],
        rim: &[0, 3, 6],
        hat: &[0, 1, 2, 3, 4, 5, 6, 7],
        bass: Bass::Steps(&[0, 3, 4, 7]),
        chords: Chords::Steps(&[0, 3, 5]),
        melody: 0.4,
        ..PLAIN
    },
    Style {
        name: "drum and bass",
        tempi: (158.0, 180.0),
        kick: &[0, 10],
        snare: BACKBEAT,
        hat: EIGHTHS,
        bass: Bass::Held,
        chords: Chords::Pad,
        ..PLAIN
    },
    Style {
        name: "techno",
        tempi: (116.0, 146.0),
        kick: QUARTERS,
        hat: &[2, 6, 10, 14],
        bass: Bass::Steps(&[1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15]),
        chords: Chords::Steps(&[3, 11]),
        ..PLAIN
    },
    Style {
        name: "polka",
        tempi: (88.0, 132.0),
        kick: &[0, 8],
        snare: BACKBEAT,
        bass: Bass::Two,
        chords: Chords::Steps(BACKBEAT),
        melody: 0.6,
        ..PLAIN
    },
    Style {
        name: "strummed",
        tempi: (76.0, 140.0),
        chords: Chords::Steps(&[0, 4, 6, 10, 12, 14]),
        melody: 0.3,
        ..PLAIN
    },
    Style {
        name: "metal",
        tempi: (100.0, 185.0),
        kick: &EVERY,
        snare: BACKBEAT,
        hat: QUARTERS,
        ring: 10.0,
        bass: Bass::Steps(EIGHTHS),
        chords: Chords::Steps(EIGHTHS),
        ..PLAIN
    },
    Style {
        name: "three four",
        tempi: (85.0, 160.0),
        meter: 3,
        steps: 2,
        kick: &[0],
        snare: &[2, 4],
        hat: &[0, 1, 2, 3, 4, 5],
        bass: Bass::Held,
        chords: Chords::Pad,
        melody: 0.4,
        ..PLAIN
    },
    Style {
        name: "hymn",
        tempi: (60.0, 108.0),
        bass: Bass::Walking,
        chords: Chords::Steps(QUARTERS),
        melody: 0.3,
        ..PLAIN
    },
    Style {
        name: "swing without drums",
        tempi: (100.0, 185.0),
        steps: 3,
        bass: Bass::Walking,
        chords: Chords::Steps(&[0, 5, 9]),
        melody: 0.5,
        ..PLAIN
    },
];
