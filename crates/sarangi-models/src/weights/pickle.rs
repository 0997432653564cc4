//! Python's pickles, as far as weights need them.

mod building;
mod globals;
mod value;

use std::collections::HashMap;

pub(super) use globals::Global;
pub(super) use value::{Id, Storage, TensorView, Value};

/// How many values, copies, marks and memories a pickle may make: a state dictionary takes some
/// forty for each tensor.
const MOST_VALUES: usize = 1 << 20;

/// Why a pickle cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bytes end before the pickle does.
    Truncated,
    /// Something else is wrong, in words.
    Wrong(String),
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Truncated => "its pickle is truncated".to_owned(),
            Fault::Wrong(reason) => format!("its pickle {reason}"),
        }
    }
}

fn wrong(reason: impl Into<String>) -> Fault {
    Fault::Wrong(reason.into())
}

/// A pickle that was read: values by place.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    values: Vec<Value<'a>>,
    root: Id,
    /// Every storage that the pickle refers to, in the order of its appearance.
    pub(super) storages: Vec<Storage<'a>>,
    /// How many bytes the pickle took.
    pub(super) length: usize,
}

impl<'a> Pickle<'a> {
    /// Reads the pickle at the beginning of `input`.
    ///
    /// This is a machine for the data part of the format: it knows the instructions that Python's
    /// picklers use for data, and of references to modules only those in [`Global`], which stand
    /// for fixed meanings. Every instruction makes at most a few values whose sizes the pickle has
    /// paid for with its own bytes, so time and memory are linear in its length, and there is a
    /// limit to how many it makes.
    pub(super) fn read(input: &'a [u8]) -> Result<Self, Fault> {
        let mut machine = Machine {
            input,
            ..Machine::default()
        };
        let root = loop {
            if let Some(root) = machine.step()? {
                break root;
            }
        };
        Ok(Self {
            values: machine.values,
            root,
            storages: machine.storages,
            length: input.len() - machine.input.len(),
        })
    }

    /// What the whole pickle is.
    pub(super) fn root(&self) -> &Value<'a> {
        self.get(self.root)
    }

    /// The value at a place.
    pub(super) fn get(&self, id: Id) -> &Value<'a> {
        self.values.get(id.0 as usize).unwrap_or(&Value::Inert)
    }

    /// What a dictionary has under a name. As in Python, the last of equal keys counts.
    pub(super) fn entry(&self, dict: &[(Id, Id)], name: &str) -> Option<&Value<'a>> {
        let is_name = |key: Id| matches!(self.get(key), Value::Text(text) if *text == name);
        let found = dict.iter().rev().find(|(key, _)| is_name(*key));
        found.map(|(_, value)| self.get(*value))
    }
}

#[derive(Default)]
struct Machine<'a> {
    input: &'a [u8],
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// How long the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    storages: Vec<Storage<'a>>,
    spent: usize,
}

impl<'a> Machine<'a> {
    /// Runs one instruction; at the end it gives the result.
    fn step(&mut self) -> Result<Option<Id>, Fault> {
        match self.byte()? {
            b'.' => return self.pop().map(Some),
            // The protocol and the length of a frame tell nothing that is needed.
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => {
                self.spend(1)?;
                self.marks.push(self.stack.len());
            }
            b'0' => drop(self.pop()?),
            b'1' => drop(self.above_mark()?),
            b'2' => {
                let top = self.top()?;
                self.spend(1)?;
                self.stack.push(top);
            }
            b'N' | 0x88 | 0x89 => self.push(Value::Inert)?,
            b'K' => self.integer(1, false)?,
            b'M' => self.integer(2, false)?,
            b'J' => self.integer(4, true)?,
            0x8a => {
                let length = self.byte()?.into();
                self.integer(length, true)?;
            }
            b'G' => self.skipped(8)?,
            b'X' => {
                let length = self.number(4)?;
                self.text(length)?;
            }
            0x8c => {
                let length = self.number(1)?;
                self.text(length)?;
            }
            0x8d => {
                let length = self.number(8)?;
                self.text(length)?;
            }
            // Python 2 wrote its names as bytes.
            b'U' => {
                let length = self.number(1)?;
                self.text(length)?;
            }
            b'T' => {
                let length = self.number(4)?;
                self.text(length)?;
            }
            b'C' => {
                let length = self.number(1)?;
                self.skipped(length)?;
            }
            b'B' => {
                let length = self.number(4)?;
                self.skipped(length)?;
            }
            0x8e | 0x96 => {
                let length = self.number(8)?;
                self.skipped(length)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(module, name)?;
            }
            0x93 => self.global_from_stack()?,
            b'}' => self.push(Value::Dict(Vec::new()))?,
            b']' => self.push(Value::List(Vec::new()))?,
            b')' => self.push(Value::Tuple(Vec::new()))?,
            0x8f => self.push(Value::Inert)?,
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => {
                let items = self.above_mark()?;
                self.push(Value::Tuple(items))?;
            }
            b'l' => {
                let items = self.above_mark()?;
                self.push(Value::List(items))?;
            }
            b'd' => {
                let items = self.above_mark()?;
                self.push(Value::Dict(pairs(&items)?))?;
            }
            // A frozen set.
            0x91 => {
                self.above_mark()?;
                self.push(Value::Inert)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.above_mark()?;
                self.append(items)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set(vec![(key, value)])?;
            }
            b'u' => {
                let items = self.above_mark()?;
                self.set(pairs(&items)?)?;
            }
            // Items of a set.
            0x90 => drop(self.above_mark()?),
            b'q' => {
                let at = self.byte()?.into();
                self.remember(at)?;
            }
            b'r' => {
                let at = self.number(4)? as u32;
                self.remember(at)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => {
                let at = self.byte()?.into();
                self.recall(at)?;
            }
            b'j' => {
                let at = self.number(4)? as u32;
                self.recall(at)?;
            }
            b'Q' => self.persistent()?,
            b'R' | 0x81 => self.call()?,
            0x92 => {
                // Keyword arguments make no difference to what is inert, and no tensor has them.
                self.pop()?;
                self.call()?;
            }
            // The state of an object: torch puts a module's versions beside its dictionary.
            b'b' => drop(self.pop()?),
            other => return Err(wrong(format!("has the unknown instruction {other:#04x}"))),
        }
        Ok(None)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self
            .input
            .split_at_checked(length)
            .ok_or(Fault::Truncated)?;
        self.input = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?[0])
    }

    /// An unsigned little-endian number of at most eight bytes.
    fn number(&mut self, length: usize) -> Result<usize, Fault> {
        let bytes = self.take(length)?;
        let number = bytes.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
        usize::try_from(number).map_err(|_| Fault::Truncated)
    }

    /// A little-endian integer of any length as a value.
    fn integer(&mut self, length: usize, signed: bool) -> Result<(), Fault> {
        let bytes = self.take(length)?;
        let negative = signed && bytes.last().is_some_and(|b| *b >= 0x80);
        let fill = if negative { 0xff } else { 0 };
        let mut number = [fill; 9];
        let Some(low) = number.get_mut(..length) else {
            return self.push(Value::Long(bytes));
        };
        low.copy_from_slice(bytes);
        let [number @ .., above] = number;
        let number = i64::from_le_bytes(number);
        // The ninth byte may only repeat the sign.
        self.push(match above == fill && (number < 0) == negative {
            true => Value::Int(number),
            false => Value::Long(bytes),
        })
    }

    fn skipped(&mut self, length: usize) -> Result<(), Fault> {
        self.take(length)?;
        self.push(Value::Inert)
    }

    fn text(&mut self, length: usize) -> Result<(), Fault> {
        let bytes = self.take(length)?;
        // Bytes that are no text name nothing.
        let value = std::str::from_utf8(bytes).map_or(Value::Inert, Value::Text);
        self.push(value)
    }

    fn line(&mut self) -> Result<&'a str, Fault> {
        let end = self.input.iter().position(|byte| *byte == b'\n');
        let line = self.take(end.ok_or(Fault::Truncated)?)?;
        self.take(1)?;
        std::str::from_utf8(line).map_err(|_| wrong("refers to something without a name"))
    }

    fn push(&mut self, value: Value<'a>) -> Result<(), Fault> {
        self.spend(1)?;
        self.stack.push(Id(self.values.len() as u32));
        self.values.push(value);
        Ok(())
    }

    /// Counts what is made, copied or remembered.
    fn spend(&mut self, count: usize) -> Result<(), Fault> {
        self.spent = self.spent.saturating_add(count);
        match self.spent > MOST_VALUES {
            true => Err(wrong(format!("has more than {MOST_VALUES} values"))),
            false => Ok(()),
        }
    }

    /// The last value, if it is above the last mark.
    fn top(&self) -> Result<Id, Fault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(id) if self.stack.len() > floor => Ok(*id),
            _ => Err(wrong("takes more values than it has")),
        }
    }

    fn pop(&mut self) -> Result<Id, Fault> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn get(&self, id: Id) -> Result<&Value<'a>, Fault> {
        self.values
            .get(id.0 as usize)
            .ok_or_else(|| wrong("takes more values than it has"))
    }

    /// Takes everything above the last mark, and the mark.
    fn above_mark(&mut self) -> Result<Vec<Id>, Fault> {
        let mark = self.marks.pop().ok_or_else(|| wrong("lacks a mark"))?;
        Ok(self.stack.split_off(mark))
    }

    fn tuple(&mut self, count: usize) -> Result<(), Fault> {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push(Value::Tuple(items))
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), Fault> {
        let list = self.top()?;
        if let Value::List(list) = &mut self.values[list.0 as usize] {
            list.extend(items);
        }
        Ok(())
    }

    fn set(&mut self, items: Vec<(Id, Id)>) -> Result<(), Fault> {
        let dict = self.top()?;
        if let Value::Dict(dict) = &mut self.values[dict.0 as usize] {
            dict.extend(items);
        }
        Ok(())
    }

    fn remember(&mut self, at: u32) -> Result<(), Fault> {
        let top = self.top()?;
        self.spend(1)?;
        self.memo.insert(at, top);
        Ok(())
    }

    fn recall(&mut self, at: u32) -> Result<(), Fault> {
        let id = self.memo.get(&at).copied();
        let id = id.ok_or_else(|| wrong("recalls what it has not remembered"))?;
        self.spend(1)?;
        self.stack.push(id);
        Ok(())
    }
}

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, Fault> {
    match items.as_chunks() {
        (pairs, []) => Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect()),
        _ => Err(wrong("has a key without a value")),
    }
}

#[cfg(test)]
mod tests;
