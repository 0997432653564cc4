use super::*;

fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x8c, text.len() as u8];
    bytes.extend(text.as_bytes());
    bytes
}

#[test]
fn dictionaries_are_shared_through_the_memory_of_the_pickle() {
    // a = {}; root = {"x": a, "y": a}; a["n"] = 7, set after both were put in.
    let pickle = [
        &b"\x80\x02}q\0("[..],
        &text("x"),
        b"}q\x01",
        &text("y"),
        b"h\x01uh\x01",
        &text("n"),
        b"K\x07s0.trailing",
    ]
    .concat();
    let read = Pickle::read(&pickle).unwrap();
    assert_eq!(read.length, pickle.len() - "trailing".len());
    let Value::Dict(root) = read.root() else {
        panic!("{read:?}");
    };
    for name in ["x", "y"] {
        let Some(Value::Dict(inner)) = read.entry(root, name) else {
            panic!("{read:?}");
        };
        assert!(matches!(read.entry(inner, "n"), Some(Value::Int(7))));
    }
    assert!(read.entry(root, "z").is_none());
}

#[test]
fn integers_have_their_sign() {
    for (bytes, want) in [
        (&b"K\xff."[..], 255),
        (b"M\xff\xff.", 65_535),
        (b"J\xfe\xff\xff\xff.", -2),
        (b"\x8a\x01\xff.", -1),
        (b"\x8a\0.", 0),
        (b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", i64::MAX),
        (b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\0.", i64::MAX),
        (b"\x8a\x08\0\0\0\0\0\0\0\x80.", i64::MIN),
        (b"\x8a\x09\0\0\0\0\0\0\0\x80\xff.", i64::MIN),
    ] {
        let read = Pickle::read(bytes).unwrap();
        assert!(
            matches!(read.root(), Value::Int(found) if *found == want),
            "{read:?}"
        );
    }
}

#[test]
fn integers_of_more_than_64_bits_are_no_sizes() {
    for bytes in [
        &b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0."[..],
        b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\xff.",
        b"\x8a\x09\0\0\0\0\0\0\0\0\x01.",
        b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.",
    ] {
        let read = Pickle::read(bytes).unwrap();
        let inside = &bytes[2..bytes.len() - 1];
        assert!(matches!(read.root(), Value::Long(found) if *found == inside));
    }
}

#[test]
fn a_tensor_is_a_way_of_reading_a_storage() {
    let pickle = [
        &b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(("[..],
        &text("storage"),
        b"ctorch\nHalfStorage\n",
        &text("5"),
        &text("cpu"),
        b"K\x0ctQK\x02K\x03K\x02\x86K\x02K\x01\x86\x89ccollections\nOrderedDict\n)RtR.",
    ]
    .concat();
    let read = Pickle::read(&pickle).unwrap();
    let Value::Tensor(view) = read.root() else {
        panic!("{read:?}");
    };
    assert_eq!((view.storage.key, view.storage.count), ("5", 12));
    assert_eq!(view.offset, 2);
    assert_eq!(view.dims, [3, 2]);
    assert_eq!(view.strides, [2, 1]);
    assert_eq!(read.storages.len(), 1);
}

/// What torch writes of tensors with attributes or of a type of their own, and of parameters that
/// are called by their class.
#[test]
fn tensors_may_be_made_in_several_ways() {
    let storage = [
        &b"(("[..],
        &text("storage"),
        b"ctorch\nHalfStorage\n",
        &text("5"),
        &text("cpu"),
        b"K\x0ctQK\x02K\x03\x85K\x01\x85\x89}t",
    ]
    .concat();
    let rebuild = &b"ctorch._utils\n_rebuild_tensor_v2\n"[..];
    let typed = &b"ctorch._tensor\n_rebuild_from_type_v2\n"[..];
    let parameter = &b"ctorch.nn.parameter\nParameter\n"[..];
    let tensor = [rebuild, &storage, b"R"].concat();
    for pickle in [
        [parameter, &tensor, b"\x88\x86R."].concat(),
        [parameter, &tensor, b"\x85\x81}b."].concat(),
        [typed, b"(", rebuild, b"ctorch\nTensor\n", &storage, b"}tR."].concat(),
        [typed, b"(", rebuild, parameter, &storage, b"}tR."].concat(),
    ] {
        let read = Pickle::read(&pickle).unwrap();
        let Value::Tensor(view) = read.root() else {
            panic!("{read:?}");
        };
        assert_eq!(view.dims, [3]);
    }
    for (pickle, part) in [
        ([typed, b")R."].concat(), "without arguments"),
        ([typed, b"NR."].concat(), "without arguments"),
        ([typed, b"(", typed, b"N)tR."].concat(), "not a function"),
        ([typed, b"(cos\nsystem\nN)tR."].concat(), "`os.system`"),
        ([parameter, b")\x81."].concat(), "without arguments"),
    ] {
        match Pickle::read(&pickle) {
            Err(Fault::Wrong(reason)) => assert!(reason.contains(part), "{reason}"),
            other => panic!("{part}: {:?}", other.map(|read| read.length)),
        }
    }
}

#[test]
fn whatever_its_bytes_are_the_machine_stops() {
    let doubling: Vec<u8> = [&b"]q\0"[..], &b"h\0h\0\x86q\0".repeat(1000), b"."].concat();
    assert!(Pickle::read(&doubling).is_ok());
    let nested: Vec<u8> = [&b"]"[..], &b"\x85".repeat(1_000_000), b"."].concat();
    assert!(Pickle::read(&nested).is_ok());
    let cycle = b"]q\0h\0a.";
    assert!(Pickle::read(cycle).is_ok());
}

#[test]
fn what_is_not_data_is_refused() {
    let many = |byte: &[u8]| [&b"N"[..], &byte.repeat(2 << 20), b"."].concat();
    let (wide, again, marks) = (many(b"N"), many(b"2"), many(b"("));
    let (empty, memories) = (many(b")"), many(b"\x94"));
    let dicts: Vec<u8> = [
        &b"](]q\0(K\x01K\x01eh\0h\0h\0h\0eq\x01ccollections\nOrderedDict\nq\x02"[..],
        &b"h\x02h\x01\x85R".repeat(1 << 20),
        b".",
    ]
    .concat();
    for (pickle, part) in [
        (&wide[..], "values"),
        (&again, "values"),
        (&marks, "values"),
        (&empty, "values"),
        (&memories, "values"),
        (&dicts, "values"),
        (b"cos\nsystem\n.", "`os.system`"),
        (b"\x8c\x02os\x8c\x06system\x93.", "`os.system`"),
        (b"cbuiltins\neval\n.", "`builtins.eval`"),
        (
            b"c__main__\nNet\n)\x81.",
            "torch.save(model.state_dict(), path)",
        ),
        (b"R.", "takes more"),
        (b"N(R.", "takes more"),
        (b"t.", "lacks a mark"),
        (b"(K\x01u.", "without a value"),
        (b"h\x05.", "recalls"),
        (b"NN\x81.", "without arguments"),
        (b"N)R.", "not a function"),
        (b"NQ.", "outside itself"),
        (b"\xff", "0xff"),
        (b"ios\nsystem\n", "0x69"),
        (b"Pos\n", "0x50"),
    ] {
        match Pickle::read(pickle) {
            Err(Fault::Wrong(reason)) => assert!(reason.contains(part), "{reason}"),
            other => panic!("{part}: {:?}", other.map(|read| read.length)),
        }
    }
    for truncated in [
        &b""[..],
        b"X\xff\xff\xff\xffabc",
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc",
        b"\x8a\xff",
        b"ctorch",
        b"}",
    ] {
        assert_eq!(Pickle::read(truncated).unwrap_err(), Fault::Truncated);
    }
}
