//! Weight files that torch made, whole and damaged.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;

use candle_core::{DType, Tensor};
use sarangi_core::{Error, Result};
use sarangi_models::{WeightFormat, read_shapes, read_weights, read_weights_from};
use sarangi_testkit::fixture;

fn read(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>> {
    read_weights_from("file", Cursor::new(bytes))
}

fn bytes(file: &str) -> Vec<u8> {
    fs::read(fixture("weights").join(file)).unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], parts: &[&str]) {
    let error = read(bytes).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::Checkpoint { .. }), "{message}");
    assert!(!message.contains('\n'), "{message}");
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in `{message}`");
    }
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    let tensor = tensor.to_dtype(DType::F32).unwrap();
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// What each file holds, by file.
fn expected() -> BTreeMap<String, BTreeMap<String, Tensor>> {
    let all = read_weights(fixture("weights/expected.safetensors")).unwrap();
    let mut files = BTreeMap::new();
    for (place, tensor) in all {
        let (file, name) = place.split_once(':').unwrap();
        let file: &mut BTreeMap<_, _> = files.entry(file.to_owned()).or_default();
        file.insert(name.to_owned(), tensor);
    }
    files
}

#[test]
fn what_torch_saved_is_read_to_the_bit() {
    let files = expected();
    assert!(files.len() >= 13, "{:?}", files.keys());
    for (file, want) in files {
        let path = fixture("weights").join(&file);
        let shapes = read_shapes(&path).unwrap();
        let got = read_weights(path).unwrap();
        assert!(
            got.iter()
                .map(|(n, t)| (n, t.dims().to_vec()))
                .eq(shapes.iter().map(|(n, s)| (n, s.clone())))
        );
        assert!(got.keys().eq(want.keys()), "{file}: {:?}", got.keys());
        for (name, want) in want {
            let got = &got[&name];
            assert_eq!(got.dims(), want.dims(), "{file}: {name}");
            assert_eq!(numbers(got), numbers(&want), "{file}: {name}");
        }
    }
}

#[test]
fn files_that_hold_no_weights_say_what_to_do() {
    let cases = [
        ("list.pth", "a list, not a dictionary"),
        ("nothing.pth", "holds no tensors"),
        ("module.pth", "`__main__.Net`"),
        ("module-legacy.pth", "`__main__.Net`"),
        ("script.pt", "TorchScript"),
    ];
    for (file, part) in cases {
        refused(&bytes(file), &[part]);
    }
    for file in ["module.pth", "module-legacy.pth"] {
        refused(&bytes(file), &["torch.save(model.state_dict(), path)"]);
    }
    refused(b"", &["empty"]);
    refused(b"\x89HDF\r\n\x1a\n and more", &["Keras", "safetensors"]);
    refused(
        b"these are not weights",
        &["neither a torch file nor a safetensors file"],
    );
    refused(b"PK\x03\x04 and then nothing", &["zip"]);
    let mut tar = vec![0; 1024];
    tar[..4].copy_from_slice(b"sys_");
    tar[257..262].copy_from_slice(b"ustar");
    refused(&tar, &["tar file", "load it in torch and save it again"]);
    refused(b"\x80\x02K\x01.", &["torch.save"]);
}

#[test]
fn the_format_is_told_by_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let of = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        WeightFormat::of_file(&path).unwrap()
    };
    assert_eq!(of(&safetensors()), Some(WeightFormat::Safetensors));
    assert_eq!(of(&bytes("state.pth")), Some(WeightFormat::TorchZip));
    let legacy = bytes("state-legacy.pth");
    assert_eq!(of(&legacy), Some(WeightFormat::TorchPickles));
    assert_eq!(of(b"\x89HDF\r\n\x1a\n"), Some(WeightFormat::Hdf5));
    for other in [&b""[..], b"PK", b"RIFF", b"ID3\x04", b"\x80\xff"] {
        assert_eq!(of(other), None);
    }
    assert!(WeightFormat::of_file(folder.path().join("absent")).is_err());
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.pth");
    fs::write(&path, b"these are not weights").unwrap();
    let message = read_weights(&path).unwrap_err().to_string();
    assert!(message.contains("text.pth: "), "{message}");
    let error = read_weights(folder.path().join("absent.pth")).unwrap_err();
    assert!(matches!(&error, Error::Io { .. }), "{error}");
    assert!(error.to_string().contains("absent.pth"), "{error}");
}

/// Every format, in its smallest file.
const SMALL: [&str; 5] = [
    "state.pth",
    "checkpoint.pth",
    "state-legacy.pth",
    "views-legacy.pth",
    "views.pth",
];

#[test]
fn files_cut_at_any_length_are_refused() {
    let mut whole: Vec<_> = SMALL.map(bytes).into();
    whole.push(safetensors());
    for whole in whole {
        assert!(read(&whole).is_ok());
        for length in 0..whole.len() {
            let error = read(&whole[..length]).unwrap_err();
            assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
        }
    }
}

#[test]
fn files_with_bits_turned_over_are_read_or_refused() {
    let mut rng = sarangi_core::Seed(1).named("damaged weight files");
    let mut whole: Vec<_> = SMALL.map(bytes).into();
    whole.push(safetensors());
    let mut refusals = 0;
    for whole in &whole {
        for _ in 0..2_000 {
            let mut damaged = whole.clone();
            for _ in 0..=rng.below(4) {
                let at = rng.below(damaged.len());
                damaged[at] ^= 1 << rng.below(8);
            }
            if let Err(error) = read(&damaged) {
                assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
                refusals += 1;
            }
        }
    }
    assert!(refusals > 3_000, "{refusals}");
}

/// A safetensors file of this header and so many bytes of values.
fn with_header(header: &str, values: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.resize(file.len() + values, 0x3f);
    file
}

fn safetensors() -> Vec<u8> {
    let header = r#"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"F16","shape":[2],"data_offsets":[24,28]}}"#;
    with_header(header, 28)
}

#[test]
fn a_header_may_have_any_length() {
    // In 640 bytes the length begins as a pickle does.
    for length in [300, 512, 638, 640, 896, 1152, 1408] {
        let tensor = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let file = with_header(&format!("{tensor:<length$}"), 4);
        assert_eq!(read(&file).unwrap()["a"].dims(), [1], "{length}");
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let tensor = |shape: &str, offsets: &str| {
        format!(r#""dtype":"F32","shape":[{shape}],"data_offsets":[{offsets}]"#)
    };
    let one = |shape, offsets| format!(r#"{{"a":{{{}}}}}"#, tensor(shape, offsets));
    let huge = "1152921504606846976";
    let all = u64::MAX.to_string();
    let overlapping = format!(
        r#"{{"a":{{{}}},"b":{{{}}}}}"#,
        tensor("2", "0,8"),
        tensor("2", "4,12")
    );
    for (header, values) in [
        (one("2,3", "0,24"), 20),
        (one("2,3", "0,24"), 28),
        (one("2,4", "0,24"), 24),
        (one("2,3", "4,28"), 28),
        (one("2,3", "24,0"), 24),
        (one(huge, "0,24"), 24),
        (one(&format!("{huge},{huge}"), "0,24"), 24),
        (one(huge, &format!("0,{}", 1u64 << 62)), 24),
        (one(&all, &format!("0,{all}")), 24),
        (one("-1", "0,24"), 24),
        (overlapping, 12),
        ("[".repeat(100_000), 0),
        (r#"{"a":"#.repeat(100_000), 0),
        (String::new(), 24),
    ] {
        refused(&with_header(&header, values), &["safetensors file"]);
    }
    for length in [1 << 60, u64::MAX, 100_000_001] {
        let mut file = safetensors();
        file[..8].copy_from_slice(&u64::to_le_bytes(length));
        refused(&file, &["neither a torch file nor a safetensors file"]);
    }
    // Nothing in them, and yet more than can be counted: the values have no bytes to be held against.
    let empty = |shape: &str| {
        let of = tensor(shape, "0,0");
        with_header(&format!(r#"{{"a":{{{of}}}}}"#), 0)
    };
    refused(&empty("0,1099511627776,1099511627776"), &["no tensor has"]);
    refused(&empty("0,1,1,1,1,1,1,1,1"), &["9 axes"]);
    assert_eq!(read(&empty("0,1099511627776")).unwrap()["a"].dims()[0], 0);
    let quoted = format!(r#"{{"a":"{}"}}"#, "x".repeat(10_000));
    let error = read(&with_header(&quoted, 0)).unwrap_err().to_string();
    assert!(error.len() < 400, "{error}");
    let complex = r#"{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}"#;
    refused(&with_header(complex, 8), &["`a`", "C64"]);
}

#[test]
fn names_longer_than_any_networks_are_refused_and_cut_short() {
    let named = |name: &str| {
        let header = format!(r#"{{"{name}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#);
        with_header(&header, 4)
    };
    assert!(read(&named(&"net.".repeat(256))).is_ok());
    let file = named(&"net.".repeat(40_000));
    refused(&file, &["160000 bytes", "net.…`"]);
    assert!(read(&file).unwrap_err().to_string().len() < 400);
}

/// A torch file of today with this pickle, and one storage of 16 floats under the key `0`.
fn zipped(pickle: &[u8]) -> Vec<u8> {
    archive(&[
        ("x/data.pkl", pickle),
        ("x/data/0", &[0; 64]),
        ("x/version", b"3\n"),
    ])
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The pickle of `{"a": tensor}`, its storage claiming `count` numbers.
fn pickle(count: u64, offset: u64, dims: &[u64], strides: &[u64]) -> Vec<u8> {
    let number = |n: u64| [&[0x8a, 9][..], &n.to_le_bytes(), &[0]].concat();
    let numbers = |ns: &[u64]| {
        let items: Vec<u8> = ns.iter().flat_map(|n| number(*n)).collect();
        [b"(", &items[..], b"t"].concat()
    };
    [
        &b"\x80\x02}\x8c\x01actorch._utils\n_rebuild_tensor_v2\n((\x8c\x07storage"[..],
        b"ctorch\nFloatStorage\n\x8c\x010\x8c\x03cpu",
        &number(count),
        b"tQ",
        &number(offset),
        &numbers(dims),
        &numbers(strides),
        b"\x89}tRs.",
    ]
    .concat()
}

#[test]
fn pickles_that_lie_are_refused() {
    let good = pickle(16, 4, &[2, 3], &[6, 1]);
    assert_eq!(read(&zipped(&good)).unwrap()["a"].dims(), [2, 3]);
    let (most, huge, large) = (i64::MAX as u64, 1 << 60, 1 << 40);
    let far = pickle(16, 1, &[2, 1], &[2, most]);
    assert_eq!(read(&zipped(&far)).unwrap()["a"].dims(), [2, 1]);
    for (pickle, part) in [
        (
            pickle(0, 0, &[0, large, large], &[0, large, 1]),
            "no tensor has",
        ),
        (
            pickle(16, 0, &[0, large, large], &[0, large, 1]),
            "no tensor has",
        ),
        (
            pickle(16, 0, &[large, 0, large], &[0, 0, 0]),
            "no tensor has",
        ),
        (pickle(17, 0, &[1], &[1]), "64 bytes instead of 68"),
        (pickle(15, 0, &[1], &[1]), "64 bytes instead of 60"),
        (pickle(huge, 0, &[1], &[1]), "more than the file has"),
        (pickle(most, 0, &[1], &[1]), "more than the file has"),
        (pickle(u64::MAX, 0, &[1], &[1]), "outside itself"),
        (pickle(16, 0, &[17], &[1]), "larger than its storage"),
        (pickle(16, 11, &[2, 3], &[3, 1]), "larger than its storage"),
        (pickle(16, most, &[1], &[1]), "larger than its storage"),
        (pickle(16, u64::MAX, &[1], &[1]), "shape and strides"),
        (pickle(16, 0, &[huge, huge], &[0, 0]), "no tensor has"),
        (pickle(16, 0, &[huge], &[0]), "no tensor has"),
        (pickle(16, 0, &[large], &[0]), "the file only"),
        (pickle(16, 0, &[large], &[huge]), "larger than its storage"),
        (pickle(16, 0, &[2], &[1, 1]), "shape and strides"),
        (pickle(16, 0, &[1; 9], &[1; 9]), "shape and strides"),
        (b"cos\nsystem\n(\x8c\x02lstR.".to_vec(), "`os.system`"),
        (
            b"cbuiltins\nexec\n(\x8c\x04passtR.".to_vec(),
            "`builtins.exec`",
        ),
        (
            [&b"]"[..], &b"\x85".repeat(1_000_000), b"."].concat(),
            "list",
        ),
        (b"}\x94\x8c\x05modelh\0s.".to_vec(), "holds no tensors"),
    ] {
        refused(&zipped(&pickle), &["torch", part]);
    }
}

#[test]
fn archives_that_lie_are_refused() {
    let good = pickle(16, 0, &[16], &[1]);
    refused(&archive(&[("x/data/0", &[0; 64])]), &["data.pkl"]);
    refused(&archive(&[("x/data.pkl", &good)]), &["data/0"]);
    refused(&archive(&[("model.weights.h5", b"")]), &["Keras"]);
    let reversed = [
        ("x/data.pkl", &good[..]),
        ("x/data/0", &[0; 64]),
        ("x/byteorder", b"big"),
    ];
    refused(&archive(&reversed), &["big-endian"]);
    // Compressed entries are how a few bytes claim to be many.
    let mut compressed = zipped(&good);
    let entries: Vec<usize> = (0..compressed.len() - 4)
        .filter(|at| [&b"PK\x01\x02"[..], b"PK\x03\x04"].contains(&&compressed[*at..at + 4]))
        .collect();
    for at in entries {
        let method = at + if compressed[at + 2] == 1 { 10 } else { 8 };
        compressed[method] = 8;
    }
    refused(&compressed, &["compress"]);
    // Values that are not those of the checksum.
    let mut damaged = zipped(&good);
    let values = damaged.windows(64).position(|w| w == [0; 64]).unwrap();
    damaged[values] = 1;
    refused(&damaged, &["data/0"]);
}
