//! What a pickle of weights may refer to.

use crate::weights::element::Element;
use crate::weights::shortened::shortened;

/// What a reference to something in a Python module stands for. Nothing of it is ever run: each
/// is one of these few meanings, or is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::weights) enum Global {
    /// The type of a storage.
    Storage(Element),
    /// Makes a tensor of a storage, an offset, a shape and strides.
    Tensor,
    /// Gives its first argument back.
    First,
    /// Calls its first argument with its third: torch's way with tensors that have attributes or a
    /// type of their own.
    Typed,
    /// Makes a dictionary.
    Dict,
    /// Makes a plain value that weights do not depend on: a setting, a date, a score.
    Inert,
}

/// A module's names.
type Known = (&'static str, &'static [(&'static str, Global)]);

const STORAGES: &[(&str, Global)] = &[
    ("DoubleStorage", Global::Storage(Element::F64)),
    ("FloatStorage", Global::Storage(Element::F32)),
    ("HalfStorage", Global::Storage(Element::F16)),
    ("BFloat16Storage", Global::Storage(Element::Bf16)),
    ("LongStorage", Global::Storage(Element::I64)),
    ("IntStorage", Global::Storage(Element::I32)),
    ("ShortStorage", Global::Storage(Element::I16)),
    ("CharStorage", Global::Storage(Element::I8)),
    ("ByteStorage", Global::Storage(Element::U8)),
    ("BoolStorage", Global::Storage(Element::Bool)),
];

const KNOWN: &[Known] = &[
    ("torch", STORAGES),
    ("torch.cuda", STORAGES),
    ("torch", &[("Size", Global::First)]),
    ("torch.nn.parameter", &[("Parameter", Global::First)]),
    ("torch._tensor", &[("_rebuild_from_type_v2", Global::Typed)]),
    (
        "torch._utils",
        &[
            ("_rebuild_tensor", Global::Tensor),
            ("_rebuild_tensor_v2", Global::Tensor),
            ("_rebuild_parameter", Global::First),
            ("_rebuild_parameter_with_state", Global::First),
        ],
    ),
    (
        "collections",
        &[("OrderedDict", Global::Dict), ("defaultdict", Global::Dict)],
    ),
    ("builtins", &[("dict", Global::Dict)]),
    ("__builtin__", &[("dict", Global::Dict)]),
];

/// Values that stand beside the weights in checkpoints.
const INERT: &[(&str, &[&str])] = &[
    (
        "torch",
        &[
            "Tensor", "device", "dtype", "float64", "float32", "float16", "bfloat16", "int64",
            "int32", "int16", "int8", "uint8", "bool",
        ],
    ),
    ("collections", &["Counter", "deque"]),
    ("builtins", INERT_BUILTINS),
    ("__builtin__", INERT_BUILTINS),
    ("_codecs", &["encode"]),
    (
        "numpy",
        &["dtype", "ndarray", "float64", "float32", "int64"],
    ),
    ("numpy.core.multiarray", &["scalar", "_reconstruct"]),
    ("numpy._core.multiarray", &["scalar", "_reconstruct"]),
    (
        "numpy.dtypes",
        &["Float64DType", "Float32DType", "Int64DType"],
    ),
    ("argparse", &["Namespace"]),
    (
        "pathlib",
        &["Path", "PosixPath", "WindowsPath", "PurePosixPath"],
    ),
    ("pathlib._local", &["Path", "PosixPath", "WindowsPath"]),
    ("datetime", &["datetime", "date", "timedelta"]),
    ("pytorch_lightning.utilities.parsing", &["AttributeDict"]),
    ("lightning_fabric.utilities.data", &["AttributeDict"]),
    ("lightning.fabric.utilities.data", &["AttributeDict"]),
];

const INERT_BUILTINS: &[&str] = &[
    "set",
    "frozenset",
    "list",
    "tuple",
    "complex",
    "bytearray",
    "bytes",
    "slice",
    "range",
    "int",
    "float",
    "bool",
    "str",
    "object",
];

impl Global {
    /// What `module.name` stands for.
    pub(super) fn find(module: &str, name: &str) -> Result<Self, String> {
        let known = KNOWN.iter().filter(|known| known.0 == module);
        let mut known = known.flat_map(|known| known.1.iter());
        if let Some((_, global)) = known.find(|known| known.0 == name) {
            return Ok(*global);
        }
        let mut inert = INERT.iter().filter(|inert| inert.0 == module);
        if inert.any(|inert| inert.1.contains(&name)) {
            return Ok(Self::Inert);
        }
        Err(refusal(module, name))
    }
}

/// What is said of a reference that is not data.
pub(super) fn refusal(module: &str, name: &str) -> String {
    let (module, name) = (shortened(module), shortened(name));
    format!(
        "refers to `{module}.{name}`, which is a whole module or another object that only running \
         code could make, and nothing here is run; save the weights alone in Python: \
         torch.save(model.state_dict(), path)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_weights_are_made_of_is_known_and_nothing_else() {
        assert_eq!(
            Global::find("torch.cuda", "HalfStorage"),
            Ok(Global::Storage(Element::F16))
        );
        assert_eq!(Global::find("collections", "OrderedDict"), Ok(Global::Dict));
        assert_eq!(Global::find("torch", "float16"), Ok(Global::Inert));
        assert_eq!(Global::find("__builtin__", "set"), Ok(Global::Inert));
        for (module, name) in [
            ("os", "system"),
            ("posix", "system"),
            ("builtins", "eval"),
            ("builtins", "getattr"),
            ("torch", "load"),
            ("torchvision.models.resnet", "ResNet"),
            ("numpy.core.multiarray", "FloatStorage"),
        ] {
            let reason = Global::find(module, name).unwrap_err();
            assert!(reason.contains(&format!("`{module}.{name}`")), "{reason}");
        }
        let long = "x".repeat(1 << 20);
        assert!(Global::find(&long, &long).unwrap_err().len() < 500);
    }
}
