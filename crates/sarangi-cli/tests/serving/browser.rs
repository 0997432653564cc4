//! The page in a real browser.

use std::fs;
use std::path::{Path, PathBuf};

use sarangi_testkit::fixture;
use serde_json::json;

use crate::model::{CLASSES, predict};
use crate::running::Running;
use crate::webdriver::Browser;

/// Drops a file on the page as a hand would: it enters, hovers, and is let go.
const DROP: &str = "
    const [name, bytes] = arguments;
    const carried = new DataTransfer();
    carried.items.add(new File([new Uint8Array(bytes)], name));
    const zone = document.querySelector('#form');
    for (const what of ['dragenter', 'dragover', 'drop']) {
        zone.dispatchEvent(new DragEvent(what, { bubbles: true, cancelable: true, dataTransfer: carried }));
    }";

const CARDS_DONE: &str = "
    const cards = [...document.querySelectorAll('.card')];
    return cards.length > 0 && cards.every((card) => card.querySelector('.waiting').hidden);";

#[test]
fn a_song_is_dropped_and_its_genre_is_seen() {
    let Some(browser) = Browser::start() else {
        eprintln!("skipped: no chromedriver (Debian: apt-get install chromium chromium-driver)");
        return;
    };
    let server = Running::start(&[]);
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    fs::create_dir_all(&pictures).unwrap();
    browser.look(1280, 900, "light");
    browser.open(&format!("http://{}/", server.addr));
    browser.wait("return document.querySelector('#model').value === 'quickstart'");
    browser.picture(&pictures.join("empty.png"));

    // A song by hand.
    let song = fixture("unseen").join("march.ogg");
    let want = &predict(std::slice::from_ref(&song))[0];
    browser.run(DROP, &json!(["march.ogg", fs::read(&song).unwrap()]));
    browser.wait(CARDS_DONE);
    let label = browser.text(".card .label");
    assert_eq!(label, want["label"].as_str().unwrap());
    assert!(CLASSES.contains(&label.as_str()));
    let said = browser.text("#status");
    assert!(
        said.contains("march.ogg") && said.contains(&label),
        "{said}"
    );
    let sure = browser.text(".card .sureness");
    assert_eq!(
        sure.contains("Not sure"),
        want["sure"] == json!(false),
        "{sure}"
    );
    everything_is_drawn(&browser);
    it_plays(&browser);
    browser.picture(&pictures.join("answer.png"));

    // No song: the reason is on its card.
    browser.run(DROP, &json!(["notes.txt", b"These are no notes.".to_vec()]));
    browser.wait(CARDS_DONE);
    let fault = browser.text(".card .fault");
    for part in ["notes.txt", "is not a sound file", "send one of WAV"] {
        assert!(fault.contains(part), "{fault}");
    }
    assert!(browser.text("#status").contains("no answer"));

    // Several by the button, one of them long enough to change.
    let medley = medley(&server.folder.path().join("medley.wav"));
    let chosen = [medley, fixture("unseen").join("pulse.flac")];
    // The driver takes no path with dots in it.
    let chosen = chosen.map(|path| path.canonicalize().unwrap());
    let typed: Vec<_> = chosen.iter().map(|path| path.to_str().unwrap()).collect();
    browser.keys("#files", &typed.join("\n"));
    browser.wait("return document.querySelectorAll('.card').length === 4");
    browser.wait(CARDS_DONE);
    assert_eq!(browser.text(".card .name"), "medley.wav");
    let pieces = browser.run(
        "return document.querySelectorAll('.card .timeline li').length",
        &json!([]),
    );
    assert!(pieces.as_u64().unwrap() >= 3, "{pieces}");
    pictures_of_all(&browser, &pictures);

    // One card goes, and its neighbour has the focus.
    browser.run(
        "document.querySelector('.card .remove').click()",
        &json!([]),
    );
    assert_eq!(
        browser.run("return document.activeElement.className", &json!([])),
        "card"
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn everything_is_drawn(browser: &Browser) {
    let shares = browser.run(
        "return [...document.querySelectorAll('.card .ranking li')].map((item) => item.textContent)",
        &json!([]),
    );
    assert_eq!(shares.as_array().unwrap().len(), 4);
    browser.wait("return document.querySelector('.card .spectrogram').naturalWidth > 100");
    let painted = browser.run(
        "const canvas = document.querySelector('.card .wave');
         const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
         return pixels.filter((value, index) => index % 4 === 3 && value > 0).length / (canvas.width * canvas.height)",
        &json!([]),
    );
    let painted = painted.as_f64().unwrap();
    assert!(
        (0.02..0.95).contains(&painted),
        "{painted} of the waveform is painted"
    );
    assert!(
        browser.text(".card .timeline").contains("to 0:12"),
        "{}",
        browser.text(".card .timeline")
    );
}

fn it_plays(browser: &Browser) {
    browser.run("document.querySelector('.card .play').click()", &json!([]));
    browser.wait("return document.querySelector('.card').classList.contains('playing')");
    browser.wait("return Number(document.querySelector('.card .seek').value) > 0.3");
    browser.run("document.querySelector('.card .play').click()", &json!([]));
    browser.wait("return !document.querySelector('.card').classList.contains('playing')");
    // By the keyboard's way, to the middle.
    browser.run(
        "const seek = document.querySelector('.card .seek');
         seek.value = 6; seek.dispatchEvent(new Event('input'));",
        &json!([]),
    );
    browser.wait("return document.querySelector('.card .clock').textContent.startsWith('0:06')");
    let spoken = browser.run("return document.querySelector('.card .seek').ariaValueText ?? document.querySelector('.card .seek').getAttribute('aria-valuetext')", &json!([]));
    assert!(
        spoken.as_str().unwrap().starts_with("0:06 of 0:12, "),
        "{spoken}"
    );
}

/// All four textures, one after another.
fn medley(file: &Path) -> PathBuf {
    let (mut samples, mut rate) = (Vec::new(), 0);
    for class in CLASSES {
        // 16 bits, mono, 22,050 Hz, a header of 44 bytes.
        let track = fs::read(
            fixture("audio")
                .join(class)
                .join(format!("{class}.000.wav")),
        )
        .unwrap();
        rate = u32::from_le_bytes(track[24..28].try_into().unwrap());
        samples.extend_from_slice(&track[44..]);
    }
    let mut wav = b"RIFF".to_vec();
    wav.extend((samples.len() as u32 + 36).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((2 * rate).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(samples);
    fs::write(file, wav).unwrap();
    file.to_owned()
}

/// For people to look at.
fn pictures_of_all(browser: &Browser, folder: &Path) {
    for (name, width, scheme) in [
        ("desktop-light", 1280, "light"),
        ("desktop-dark", 1280, "dark"),
        ("phone-light", 390, "light"),
        ("phone-dark", 390, "dark"),
    ] {
        browser.look(width, 900, scheme);
        // Nothing is wider than the window.
        browser.wait("return document.documentElement.scrollWidth <= window.innerWidth");
        browser.picture(&folder.join(format!("{name}.png")));
    }
}
