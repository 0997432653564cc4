//! What a pickle of weights refers to and makes: storages, tensors and dictionaries.

use super::{Fault, Global, Id, Machine, Storage, TensorView, Value, wrong};
use crate::weights::tensors::MOST_AXES;

impl<'a> Machine<'a> {
    pub(super) fn global(&mut self, module: &str, name: &str) -> Result<(), Fault> {
        let global = Global::find(module, name).map_err(Fault::Wrong)?;
        self.push(Value::Global(global))
    }

    pub(super) fn global_from_stack(&mut self) -> Result<(), Fault> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (self.get(module)?, self.get(name)?) {
            (&Value::Text(module), &Value::Text(name)) => self.global(module, name),
            _ => Err(wrong("refers to something without a name")),
        }
    }

    /// A reference to what lies outside the pickle: `("storage", type, key, device, count)`.
    pub(super) fn persistent(&mut self) -> Result<(), Fault> {
        const STRANGE: &str = "refers outside itself in a way that torch.save does not";
        let id = self.pop()?;
        let Value::Tuple(items) = self.get(id)? else {
            return Err(wrong(STRANGE));
        };
        let items = items.iter().map(|item| self.get(*item));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        match items[..] {
            // The older format has one item more, for a view of another storage.
            [
                Value::Text("storage"),
                Value::Global(Global::Storage(element)),
                Value::Text(key),
                _,
                Value::Int(count),
            ]
            | [
                Value::Text("storage"),
                Value::Global(Global::Storage(element)),
                Value::Text(key),
                _,
                Value::Int(count),
                Value::Inert,
            ] => {
                let count = u64::try_from(*count).map_err(|_| wrong(STRANGE))?;
                let storage = Storage {
                    key,
                    element: *element,
                    count,
                };
                self.storages.push(storage);
                self.push(Value::Storage(self.storages.len() as u32 - 1))
            }
            [Value::Text("storage"), _, _, _, _, Value::Tuple(_)] => Err(wrong(
                "was written before torch 0.4, with views of storages; save it again with a later \
                 torch",
            )),
            _ => Err(wrong(STRANGE)),
        }
    }

    /// What a call makes: the few that make tensors and dictionaries, and nothing else.
    pub(super) fn call(&mut self) -> Result<(), Fault> {
        const NONE: &str = "calls something without arguments";
        let (mut arguments, mut callee) = (self.pop()?, self.pop()?);
        if let Value::Global(Global::Typed) = self.get(callee)? {
            let Value::Tuple(parts) = self.get(arguments)? else {
                return Err(wrong(NONE));
            };
            let &[function, _, inner, ..] = &parts[..] else {
                return Err(wrong(NONE));
            };
            (callee, arguments) = (function, inner);
        }
        let Value::Tuple(arguments) = self.get(arguments)? else {
            return Err(wrong(NONE));
        };
        let made = match self.get(callee)? {
            Value::Global(Global::Tensor) => Value::Tensor(Box::new(self.tensor(arguments)?)),
            Value::Global(Global::First) => {
                let first = arguments.first().copied();
                let first = first.ok_or_else(|| wrong(NONE))?;
                self.stack.push(first);
                return Ok(());
            }
            Value::Global(Global::Dict) => {
                let items = self.dict(arguments)?;
                self.spend(items.len())?;
                Value::Dict(items)
            }
            Value::Global(Global::Inert) => Value::Inert,
            _ => return Err(wrong("calls something that is not a function")),
        };
        self.push(made)
    }

    /// `OrderedDict()`, or of a list of pairs or another dictionary.
    fn dict(&self, arguments: &[Id]) -> Result<Vec<(Id, Id)>, Fault> {
        let first = arguments.first().map(|first| self.get(*first));
        let items = match first.transpose()? {
            Some(Value::List(items)) => items,
            Some(Value::Dict(items)) => return Ok(items.clone()),
            _ => return Ok(Vec::new()),
        };
        let pair = |item: &Id| match self.get(*item)? {
            Value::List(pair) | Value::Tuple(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
            _ => Err(wrong("has a dictionary of something other than pairs")),
        };
        items.iter().map(pair).collect()
    }

    /// `_rebuild_tensor(storage, offset, size, stride, …)`.
    fn tensor(&self, arguments: &[Id]) -> Result<TensorView<'a>, Fault> {
        const STRANGE: &str = "has a tensor without storage, offset, shape and strides";
        let &[storage, offset, dims, strides, ..] = arguments else {
            return Err(wrong(STRANGE));
        };
        let (&Value::Storage(storage), Value::Int(offset)) =
            (self.get(storage)?, self.get(offset)?)
        else {
            return Err(wrong(STRANGE));
        };
        let storage = self.storages.get(storage as usize);
        let sizes = |id: Id| match self.get(id)? {
            Value::Tuple(items) | Value::List(items) if items.len() <= MOST_AXES => items
                .iter()
                .map(|item| match self.get(*item)? {
                    Value::Int(n) => u64::try_from(*n).map_err(|_| wrong(STRANGE)),
                    _ => Err(wrong(STRANGE)),
                })
                .collect::<Result<Vec<u64>, Fault>>(),
            _ => Err(wrong(STRANGE)),
        };
        let (dims, strides) = (sizes(dims)?, sizes(strides)?);
        if dims.len() != strides.len() {
            return Err(wrong(STRANGE));
        }
        Ok(TensorView {
            storage: *storage.ok_or_else(|| wrong(STRANGE))?,
            offset: u64::try_from(*offset).map_err(|_| wrong(STRANGE))?,
            dims,
            strides,
        })
    }
}
