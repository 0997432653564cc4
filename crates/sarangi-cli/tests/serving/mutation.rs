//! Requests that are wrong in ways that are drawn from a seed.

use crate::client::{BOUNDARY, FORM, Part, form, head};
use crate::flac_bomb::flac_bomb;

/// The generator of Marsaglia (2003): enough to be different each time, and the same again.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// What a request is wrong in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wrong {
    Bits,
    Cut,
    Length,
    Silence,
    Noise,
    Joined,
    Form,
    ContentLength,
    Name,
    Head,
}

const ALL: [Wrong; 10] = [
    Wrong::Bits,
    Wrong::Cut,
    Wrong::Length,
    Wrong::Silence,
    Wrong::Noise,
    Wrong::Joined,
    Wrong::Form,
    Wrong::ContentLength,
    Wrong::Name,
    Wrong::Head,
];

/// Request `n`: what is wrong with it, and its bytes.
pub(crate) fn request(n: usize, files: &[Vec<u8>]) -> (Wrong, Vec<u8>) {
    let mut draw = Draw::new(n as u64 + 1);
    // Files themselves most often, each other fault now and then.
    let wrong = match draw.below(3) {
        0 => ALL[draw.below(ALL.len())],
        _ => ALL[draw.below(3)],
    };
    let path = ["/predict", "/v1/predict"][draw.below(2)];
    let mut file = files[draw.below(files.len())].clone();
    change(wrong, &mut file, files, &mut draw);
    let long = "x".repeat(9000);
    let names = [
        "../../../tmp/a.wav",
        "a\0b.mp3",
        "C:\\a.wav",
        &long,
        "ä\u{202e}.mp3",
        "a\"b.wav",
    ];
    let name = match wrong {
        Wrong::Name => names[draw.below(names.len())],
        _ => "a.wav",
    };
    let mut body = form(&[Part::File("file", name, &file)]);
    if wrong == Wrong::Form {
        // In the lines around the file.
        let near = BOUNDARY.len() + 120;
        for _ in 0..=draw.below(6) {
            let at = draw.below(near.min(body.len()));
            body[at] = draw.next() as u8;
        }
        if draw.below(3) == 0 {
            body.truncate(body.len() - draw.below(near));
        }
    }
    let length = match wrong {
        Wrong::ContentLength => {
            [0, body.len() / 2, body.len() + 1000, usize::MAX / 2][draw.below(4)]
        }
        _ => body.len(),
    };
    let mut request = head("POST", path, &[FORM], length).into_bytes();
    if wrong == Wrong::Head {
        for _ in 0..=draw.below(8) {
            let at = draw.below(request.len());
            request[at] = draw.next() as u8;
        }
    }
    request.extend(body);
    (wrong, request)
}

fn change(wrong: Wrong, file: &mut Vec<u8>, files: &[Vec<u8>], draw: &mut Draw) {
    match wrong {
        Wrong::Bits => {
            for _ in 0..=draw.below(40) {
                // Headers matter most.
                let near = if draw.below(2) == 0 { 200 } else { file.len() };
                let at = draw.below(near.min(file.len()));
                file[at] ^= 1 << draw.below(8);
            }
        }
        Wrong::Cut => file.truncate(draw.below(file.len())),
        Wrong::Length => {
            let width = [2, 4, 8][draw.below(3)];
            let at = draw.below(120.min(file.len() - width));
            let value = [0, u8::MAX, 0x7f, 0x80, 1][draw.below(5)];
            file[at..at + width].fill(value);
        }
        Wrong::Silence => *file = flac_bomb(1 + draw.below(40_000) as u32),
        Wrong::Noise => {
            *file = (0..draw.below(20_000)).map(|_| draw.next() as u8).collect();
            let magics: [&[u8]; 6] = [
                b"RIFF",
                b"fLaC",
                b"OggS",
                b"ID3\x04",
                b".snd",
                b"\x1aE\xdf\xa3",
            ];
            let magic = magics[draw.below(magics.len())];
            file.splice(0..0, magic.iter().copied());
        }
        Wrong::Joined => {
            let other = &files[draw.below(files.len())];
            let (from, at) = (draw.below(other.len()), draw.below(file.len()));
            file.truncate(at);
            file.extend(&other[from..]);
        }
        Wrong::Form | Wrong::ContentLength | Wrong::Name | Wrong::Head => {}
    }
}
