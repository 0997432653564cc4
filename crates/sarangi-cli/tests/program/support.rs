//! Running the program, and files to run it on.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sarangi_testkit::fixture;
use tempfile::TempDir;

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_sarangi");

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Asserts that the work was done, and returns what was printed.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Asserts that the work failed with one line that holds all of `parts`.
    #[track_caller]
    pub(crate) fn failed(self, parts: &[&str]) {
        assert_eq!(self.code, 1, "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is not in {self:?}");
        }
    }
}

/// Runs the program.
pub(crate) fn sarangi<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    ran(Command::new(PROGRAM).args(arguments))
}

/// Runs a command.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Runs the program with arguments that are texts and paths.
macro_rules! run {
    ($($argument:expr),* $(,)?) => {
        $crate::support::sarangi::<std::ffi::OsString>([$(std::ffi::OsString::from($argument)),*])
    };
}
pub(crate) use run;

/// A folder that goes away at the end of the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Copies a file of the fixtures.
    pub(crate) fn copy(&self, name: &str, from: &str) -> PathBuf {
        self.write(name, fs::read(fixture(from)).unwrap())
    }

    /// Copies the first `tracks` tracks of each class into `data/`.
    pub(crate) fn copy_music(&self, classes: &[&str], tracks: usize) -> PathBuf {
        for class in classes {
            let mut files: Vec<_> = fs::read_dir(fixture("audio").join(class))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort_unstable();
            for file in &files[..tracks] {
                let name = format!("{class}/{file}");
                self.copy(&format!("data/{name}"), &format!("audio/{name}"));
            }
        }
        self.path("data")
    }

    /// The files below `name`, sorted, their names from there on.
    pub(crate) fn files(&self, name: &str) -> Vec<String> {
        let root = self.path(name);
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(slashed(path.strip_prefix(&root).unwrap()));
                }
            }
        }
        found.sort_unstable();
        found
    }
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
    parts.join("/")
}

/// A mono WAV file of 32-bit floats.
pub(crate) fn wav(rate: u32, samples: &[f32]) -> Vec<u8> {
    let mut file = wav_header(3, 32, rate, 4 * samples.len() as u32);
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

/// The header of a mono WAV file whose samples take `bytes` bytes.
pub(crate) fn wav_header(tag: u16, bits: u16, rate: u32, bytes: u32) -> Vec<u8> {
    let frame = bits / 8;
    let mut header = Vec::new();
    header.extend(b"RIFF");
    header.extend((bytes + 36).to_le_bytes());
    header.extend(b"WAVEfmt \x10\0\0\0");
    header.extend(tag.to_le_bytes());
    header.extend(1u16.to_le_bytes());
    header.extend(rate.to_le_bytes());
    header.extend((rate * u32::from(frame)).to_le_bytes());
    header.extend(frame.to_le_bytes());
    header.extend(bits.to_le_bytes());
    header.extend(b"data");
    header.extend(bytes.to_le_bytes());
    header
}

/// A tone of so many seconds at 22,050 Hz.
pub(crate) fn tone(seconds: f32) -> Vec<f32> {
    let len = (seconds * 22_050.0) as usize;
    (0..len)
        .map(|n| 0.5 * (0.06 * n as f32).sin() * (0.0003 * n as f32).cos())
        .collect()
}
