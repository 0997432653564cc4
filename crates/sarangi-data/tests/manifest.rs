//! Data sets by manifest.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use sarangi_audio::FileKind;
use sarangi_data::{Listing, Part};

fn tree(files: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"x").unwrap();
    }
    root
}

fn read(path: &Path) -> Result<Listing, String> {
    Listing::read(path, FileKind::Sound).map_err(|e| e.to_string())
}

#[test]
fn a_table_says_what_files_are_and_where_they_belong() {
    let root = tree(&["x/1.wav", "x/2.mp3", "3.ogg"]);
    let csv = "\u{feff}filename,category,artist,fold,split,note\n\
               x/2.mp3,rock,Ann,2,training,\"a, b\"\n\
               x/1.wav,jazz,,1,test,\n\
               3.ogg,rock,Ben,,val,\n\
               gone.wav,rock,Ben,,,\n";
    fs::write(root.path().join("manifest.csv"), csv).unwrap();
    let listing = read(root.path()).unwrap();
    assert_eq!(listing.labels, ["jazz", "rock"]);
    assert_eq!(listing.counts(), [1, 2]);
    let file = |i: usize| {
        let f = &listing.files[i];
        (
            f.path.as_str(),
            f.listed.artist.as_deref(),
            f.listed.fold.as_deref(),
            f.listed.part,
        )
    };
    assert_eq!(file(0), ("x/1.wav", None, Some("1"), Some(Part::Test)));
    assert_eq!(file(1), ("3.ogg", Some("Ben"), None, Some(Part::Valid)));
    assert_eq!(
        file(2),
        ("x/2.mp3", Some("Ann"), Some("2"), Some(Part::Train))
    );
    assert_eq!(listing.problems.entries()[0].path, "gone.wav");

    // The same as lines of JSON, named by its path.
    let lines = "{\"path\": \"x/1.wav\", \"label\": \"jazz\", \"track\": 7}\n\n\
                 {\"path\": \"3.ogg\", \"label\": \"rock\"}\n";
    let path = root.path().join("some.jsonl");
    fs::write(&path, lines).unwrap();
    let listing = read(&path).unwrap();
    assert_eq!(listing.files[0].listed.recording.as_deref(), Some("7"));
    assert_eq!(listing.files.len(), 2);
}

#[test]
fn sounds_are_found_in_the_folder_beside_the_table() {
    let root = tree(&["audio/1-a.wav", "audio/2-b.wav", "meta/x"]);
    let path = root.path().join("meta/esc.csv");
    fs::write(
        &path,
        "filename,fold,target,category\n1-a.wav,1,0,dog\n2-b.wav,2,1,rain\n",
    )
    .unwrap();
    let listing = read(&path).unwrap();
    assert_eq!(listing.labels, ["dog", "rain"]);
    assert!(listing.root.join(&listing.files[0].path).is_file());
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let root = tree(&["1.wav", "2.wav"]);
    let path = root.path().join("m.csv");
    for (text, part) in [
        (
            "file,genre\n1.wav,a\n1.wav,b\n",
            "line 3: names `1.wav` a second time",
        ),
        (
            "file,genre\n1.wav,a\n../2.wav,b\n",
            "line 3: `../2.wav` must be a path below",
        ),
        (
            "file,genre\n1.wav,a\n/etc/2.wav,b\n",
            "must be a path below",
        ),
        ("file,genre\n1.wav,\n", "line 2: names no file or no class"),
        (
            "file,genre,split\n1.wav,a,later\n",
            "line 2: `later` is no part",
        ),
        (
            "file,colour\n1.wav,a\n",
            "has no column `label`; it has file, colour",
        ),
        ("file,genre\n1.wav,a\n2.wav,a\n", "one class only"),
        (
            "file,genre\n8.wav,a\n9.wav,b\n",
            "lists no sound file that is there; 2 are missing",
        ),
        ("file,genre\n1.wav,a,b,c\n", "line: 2"),
    ] {
        fs::write(&path, text).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.contains(part) && !error.contains('\n'), "{error}");
        assert!(error.starts_with(&path.display().to_string()), "{error}");
    }
    let text = root.path().join("m.txt");
    fs::write(&text, "hello").unwrap();
    assert!(
        read(&text)
            .unwrap_err()
            .contains("neither a folder nor a manifest")
    );
    let lines = root.path().join("m.jsonl");
    fs::write(&lines, "{\"path\": \"1.wav\",\n").unwrap();
    assert!(read(&lines).unwrap_err().contains("line 1"));
}

#[test]
fn the_free_music_archive_is_read_by_its_own_table() {
    let root = tree(&[
        "fma_small/000/000002.mp3",
        "fma_small/010/010005.mp3",
        "fma_metadata/x",
    ]);
    let table = ",album,artist,set,set,track\n\
                 ,title,id,split,subset,genre_top\n\
                 track_id,,,,,\n\
                 2,A,1,training,small,Hip-Hop\n\
                 5,B,1,training,small,Hip-Hop\n\
                 10,C,6,test,large,\n\
                 10005,D,9,validation,small,Pop\n";
    let path = root.path().join("fma_metadata/tracks.csv");
    fs::write(&path, table).unwrap();
    let listing = read(&path).unwrap();
    assert_eq!(listing.labels, ["Hip-Hop", "Pop"]);
    let paths: Vec<_> = listing.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["000/000002.mp3", "010/010005.mp3"]);
    assert_eq!(listing.files[1].listed.artist.as_deref(), Some("9"));
    assert_eq!(listing.files[1].listed.part, Some(Part::Valid));
    fs::rename(root.path().join("fma_small"), root.path().join("elsewhere")).unwrap();
    assert!(read(&path).unwrap_err().contains("put one of fma_full"));
}
