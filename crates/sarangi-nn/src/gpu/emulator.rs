//! The kernels on the CPU: compiled by the machine's C++ compiler, so that their arithmetic and
//! their launches are tested where there is no GPU.

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Result, Storage, Tensor, bail};
use libloading::Library;

use super::launch::{Arg, Grid};

/// Whether the kernels could be compiled; a test that needs them says so and ends if not.
pub(crate) fn answers() -> bool {
    let there = library(DType::F32).is_some();
    if !there {
        #[allow(clippy::print_stderr, reason = "a skipped test must say that it was")]
        {
            eprintln!("skipped: there is no C++ compiler to run the GPU's kernels on the CPU with");
        }
    }
    there
}

/// The kernels for values of one type.
fn library(dtype: DType) -> Option<&'static Library> {
    static LIBRARIES: [OnceLock<Option<Library>>; 3] = [const { OnceLock::new() }; 3];
    let (number, values) = match dtype {
        DType::BF16 => (1, "bf16"),
        DType::F16 => (2, "f16"),
        _ => (0, "float"),
    };
    LIBRARIES[number].get_or_init(|| compile(values)).as_ref()
}

fn compile(values: &str) -> Option<Library> {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/gpu/emulator.cpp");
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("libkernels.so");
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let done = Command::new(compiler)
        .args(["-std=c++20", "-O2", "-shared", "-fPIC", "-pthread"])
        .arg(format!("-DT={values}"))
        .arg(&source)
        .arg("-o")
        .arg(&target)
        .output()
        .ok()?;
    assert!(
        done.status.success(),
        "the kernels do not compile:\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
    // SAFETY: the library was just compiled from our own text and runs nothing when it is loaded.
    #[allow(unsafe_code, reason = "loading a library runs code")]
    let library = unsafe { Library::new(&target) };
    Some(library.unwrap())
}

type Run = unsafe extern "C" fn(*const c_char, *const u32, *const *const c_void) -> c_int;

/// Runs a kernel as `launch` does on a GPU.
pub(super) fn launch(kernel: &str, dtype: DType, grid: Grid, args: &[Arg<'_>]) -> Result<()> {
    let Some(library) = library(dtype) else {
        bail!("no kernels");
    };
    // Blocks share the memory that is static in a kernel.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut memory: Vec<Vec<u64>> = Vec::new();
    let mut places = Vec::new();
    for arg in args {
        match arg {
            Arg::Reads(tensor) | Arg::Writes(tensor) => {
                // One tensor that is named twice is one memory.
                let same = places.iter().position(|place| match place {
                    Some((other, _)) => std::ptr::eq::<Tensor>(*other, *tensor),
                    None => false,
                });
                let number = match same {
                    Some(place) => places[place].unwrap().1,
                    None => {
                        memory.push(bytes_of(tensor)?);
                        memory.len() - 1
                    }
                };
                places.push(Some((*tensor, number)));
            }
            Arg::Count(_) | Arg::Number(_) => places.push(None),
        }
    }
    let pointers: Vec<*mut u64> = memory
        .iter_mut()
        .map(|memory| memory.as_mut_ptr())
        .collect();
    let given: Vec<*const c_void> = args
        .iter()
        .zip(&places)
        .map(|(arg, place)| match (arg, place) {
            (Arg::Count(count), _) => std::ptr::from_ref(count).cast(),
            (Arg::Number(number), _) => std::ptr::from_ref(number).cast(),
            (_, Some((_, number))) => std::ptr::from_ref(&pointers[*number]).cast(),
            (_, None) => std::ptr::null(),
        })
        .collect();
    let name = CString::new(kernel).unwrap();
    let sizes = [grid.blocks, grid.threads].concat();
    // SAFETY: the symbol is of this type; the kernel is given what it is given on a GPU.
    #[allow(unsafe_code, reason = "a call into C++")]
    let found = unsafe {
        let run: libloading::Symbol<'_, Run> = library.get(b"run\0").unwrap();
        run(name.as_ptr(), sizes.as_ptr(), given.as_ptr())
    };
    assert_eq!(found, args.len() as c_int, "{kernel}: arguments");
    for (arg, place) in args.iter().zip(&places) {
        if let (Arg::Writes(tensor), Some((_, number))) = (arg, place) {
            tensor.inplace_op1(&Fill(&memory[*number]))?;
        }
    }
    Ok(())
}

/// The values of a contiguous tensor, as they lie.
fn bytes_of(tensor: &Tensor) -> Result<Vec<u64>> {
    let (storage, layout) = tensor.storage_and_layout();
    let (Storage::Cpu(storage), Some((from, to))) = (&*storage, layout.contiguous_offsets()) else {
        bail!("not contiguous: {layout:?}");
    };
    let bytes: &[u8] = match storage {
        CpuStorage::F32(values) => bytemuck::cast_slice(&values[from..to]),
        CpuStorage::U32(values) => bytemuck::cast_slice(&values[from..to]),
        CpuStorage::BF16(values) => bytemuck::cast_slice(
            half::slice::HalfFloatSliceExt::reinterpret_cast(&values[from..to]),
        ),
        CpuStorage::F16(values) => bytemuck::cast_slice(
            half::slice::HalfFloatSliceExt::reinterpret_cast(&values[from..to]),
        ),
        _ => bail!("a type that no kernel takes"),
    };
    // One word more, so that the memory of nothing has a place, too.
    let mut words = vec![0u64; bytes.len() / 8 + 2];
    bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
    Ok(words)
}

struct Fill<'a>(&'a [u64]);

impl InplaceOp1 for Fill<'_> {
    fn name(&self) -> &'static str {
        "fill"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let Some((from, to)) = layout.contiguous_offsets() else {
            bail!("not contiguous");
        };
        let bytes: &mut [u8] = match storage {
            CpuStorage::F32(values) => bytemuck::cast_slice_mut(&mut values[from..to]),
            CpuStorage::U32(values) => bytemuck::cast_slice_mut(&mut values[from..to]),
            CpuStorage::BF16(values) => bytemuck::cast_slice_mut(
                half::slice::HalfFloatSliceExt::reinterpret_cast_mut(&mut values[from..to]),
            ),
            CpuStorage::F16(values) => bytemuck::cast_slice_mut(
                half::slice::HalfFloatSliceExt::reinterpret_cast_mut(&mut values[from..to]),
            ),
            _ => bail!("a type that no kernel takes"),
        };
        let count = bytes.len();
        bytes.copy_from_slice(&bytemuck::cast_slice::<u64, u8>(self.0)[..count]);
        Ok(())
    }
}
