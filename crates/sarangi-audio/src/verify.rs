//! Decoding all files of a folder, in parallel.

use std::path::Path;

use sarangi_core::{Result, Waveform};

use crate::{DecodeOptions, Decoder, Quarantine, Scan, ScannedFile, decode, for_each_file};

/// Decodes every file of a scan and hands each to `visit`, on as many threads as rayon has.
///
/// A file that cannot be decoded, or that `visit` refuses, goes into the quarantine beside the
/// scan's [`problems`](Scan::problems), and the work goes on. Each thread holds one file at a time. `visit` is called in no particular order;
/// `progress` after each file, with the number of files done so far. The result does not depend
/// on the number of threads.
///
/// # Errors
/// As [`for_each_file`].
pub fn for_each_decoded(
    scan: &Scan,
    options: &DecodeOptions,
    visit: impl Fn(&ScannedFile, Waveform) -> Result<()> + Sync,
    progress: impl Fn(usize) + Sync,
) -> Result<Quarantine> {
    let work = |file: &ScannedFile, path: &Path| visit(file, decode(path, options)?);
    set_aside(scan, work, progress)
}

/// Decodes every file of a scan to its end and returns those that cannot be, the scan's
/// [`problems`](Scan::problems) among them.
///
/// As [`for_each_decoded`], but no file is held in memory whole.
///
/// # Errors
/// As [`for_each_file`].
pub fn verify(
    scan: &Scan,
    options: &DecodeOptions,
    progress: impl Fn(usize) + Sync,
) -> Result<Quarantine> {
    let work = |_: &ScannedFile, path: &Path| {
        Decoder::open(path, options)?.try_for_each(|block| block.map(drop))
    };
    set_aside(scan, work, progress)
}

/// The files at which `work` fails, and those that the scan could not list.
fn set_aside(
    scan: &Scan,
    work: impl Fn(&ScannedFile, &Path) -> Result<()> + Sync,
    progress: impl Fn(usize) + Sync,
) -> Result<Quarantine> {
    let locate = |file: &ScannedFile| scan.locate(file);
    let (_, mut quarantine) = for_each_file(&scan.files, locate, work, progress)?;
    quarantine.merge(scan.problems.clone());
    Ok(quarantine)
}

#[cfg(all(test, feature = "wav"))]
mod tests {
    use super::*;
    use crate::{WavFormat, encode_wav, scan_folder};
    use sarangi_core::{Error, SampleRate};
    use std::sync::Mutex;

    #[test]
    fn bad_files_are_set_aside_and_the_work_goes_on() {
        let root = tempfile::tempdir().unwrap();
        let wave = |len| Waveform::mono(vec![0.1; len], SampleRate::HZ_22050);
        for i in 0..6 {
            let path = root.path().join(format!("a/{i}.wav"));
            encode_wav(&path, &wave(10 + i), WavFormat::Pcm16).unwrap();
        }
        std::fs::write(root.path().join("a/2.wav"), b"not a wave at all").unwrap();
        std::fs::write(root.path().join("a/4.wav"), b"").unwrap();
        let scan = scan_folder(root.path()).unwrap();

        let seen = Mutex::new(Vec::new());
        let steps = Mutex::new(Vec::new());
        let quarantine = for_each_decoded(
            &scan,
            &DecodeOptions::default(),
            |file, wave| {
                seen.lock().unwrap().push(wave.len());
                match file.path.as_str() {
                    "a/5.wav" => Err(Error::data("a/5.wav", "refused")),
                    _ => Ok(()),
                }
            },
            |done| steps.lock().unwrap().push(done),
        )
        .unwrap();
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, [10, 11, 13, 15]);
        let mut steps = steps.into_inner().unwrap();
        steps.sort_unstable();
        assert_eq!(steps, [1, 2, 3, 4, 5, 6]);
        let paths: Vec<_> = quarantine
            .entries()
            .iter()
            .map(|e| e.path.as_str())
            .collect();
        assert_eq!(paths, ["a/2.wav", "a/4.wav", "a/5.wav"]);
        assert_eq!(quarantine.entries()[1].reason, "file is empty");

        let verified = verify(&scan, &DecodeOptions::default(), |_| ()).unwrap();
        assert_eq!(verified.entries(), &quarantine.entries()[..2]);
    }
}
