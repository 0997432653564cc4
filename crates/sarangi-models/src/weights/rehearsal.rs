//! What a pickle would cost to read, found out without paying it.

/// What the values of a pickle may take in memory: a state dictionary's description takes about a
/// kilobyte for each tensor.
const BUDGET: usize = 256 << 20;
/// How deep values may lie inside each other; torch's own lie some ten deep.
const MAX_DEPTH: usize = 64;
/// What one value takes besides what it holds.
const VALUE: usize = 64;

/// To candle a mark is a value like any other; no pickler uses one so.
const MISPLACED: &str = "its pickle uses a mark as a value";

/// Refuses a pickle that would exhaust the memory or the stack.
///
/// candle's reader (0.11.1) trusts the length of a text before it reads it, copies whatever is
/// remembered, so that a few bytes can double a value again and again, and recurses into values.
/// Here its stack machine runs with the size and depth of each value in the value's place.
pub(super) fn rehearse(pickle: &[u8]) -> Result<(), String> {
    let mut machine = Machine {
        input: pickle,
        ..Machine::default()
    };
    while !machine.step()? {}
    Ok(())
}

#[derive(Clone, Copy)]
struct Value {
    size: usize,
    depth: usize,
}

#[derive(Default)]
struct Machine<'a> {
    input: &'a [u8],
    /// Values, and `None` for marks.
    stack: Vec<Option<Value>>,
    memo: std::collections::HashMap<u32, Value>,
    spent: usize,
}

impl<'a> Machine<'a> {
    /// Runs one instruction; true at the end.
    fn step(&mut self) -> Result<bool, String> {
        match self.bytes(1)?[0] {
            b'.' => return Ok(true),
            0x80 => {
                self.bytes(1)?;
            }
            b'(' => self.stack.push(None),
            b')' | b'}' | b']' | b'N' | 0x88 | 0x89 => self.leaf(0)?,
            b'K' => self.fixed(1)?,
            b'M' => self.fixed(2)?,
            b'J' => self.fixed(4)?,
            b'G' => self.fixed(8)?,
            0x8a => {
                let len = self.bytes(1)?[0];
                self.fixed(usize::from(len))?;
            }
            b'X' => {
                let len = self.number()? as usize;
                self.bytes(len)?;
                self.leaf(len)?;
            }
            b'c' => {
                let len = self.line()? + self.line()?;
                self.leaf(len)?;
            }
            b'Q' | 0x85 => self.wrap(1)?,
            0x86 | b'R' | b'b' | 0x81 => self.wrap(2)?,
            0x87 => self.wrap(3)?,
            b't' => self.wrap_to_mark()?,
            // candle takes the protocol's `DICT` for an empty dictionary.
            b'd' => self.leaf(0)?,
            b'a' => self.put_into(1)?,
            b's' => self.put_into(2)?,
            b'e' | b'u' => {
                let count = self.above_mark()?;
                // The mark lies between the container and what goes into it.
                self.stack.remove(self.stack.len() - count - 1);
                self.put_into(count)?;
            }
            b'q' => {
                let id = u32::from(self.bytes(1)?[0]);
                self.remember(id)?;
            }
            b'r' => {
                let id = self.number()?;
                self.remember(id)?;
            }
            b'h' => {
                let id = u32::from(self.bytes(1)?[0]);
                self.recall(id)?;
            }
            b'j' => {
                let id = self.number()?;
                self.recall(id)?;
            }
            other => {
                return Err(format!(
                    "its pickle has the unknown instruction {other:#04x}"
                ));
            }
        }
        Ok(false)
    }

    fn bytes(&mut self, len: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .input
            .split_at_checked(len)
            .ok_or("its pickle is truncated")?;
        self.input = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, String> {
        let bytes = self.bytes(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// Skips a line and returns its length.
    fn line(&mut self) -> Result<usize, String> {
        let end = self.input.iter().position(|&byte| byte == b'\n');
        let len = end.ok_or("its pickle is truncated")?;
        self.bytes(len + 1)?;
        Ok(len)
    }

    fn fixed(&mut self, len: usize) -> Result<(), String> {
        self.bytes(len)?;
        self.leaf(0)
    }

    /// A new value that holds no others.
    fn leaf(&mut self, len: usize) -> Result<(), String> {
        let size = VALUE + len;
        self.spend(size)?;
        self.stack.push(Some(Value { size, depth: 1 }));
        Ok(())
    }

    fn spend(&mut self, size: usize) -> Result<(), String> {
        self.spent = self.spent.saturating_add(size);
        match self.spent > BUDGET {
            true => Err("its pickle would take more memory than a state dictionary does".into()),
            false => Ok(()),
        }
    }

    /// Takes `count` values off the stack: their size together, and the depth of the deepest.
    fn take(&mut self, count: usize) -> Result<Value, String> {
        let first = self.stack.len().checked_sub(count);
        let first = first.ok_or("its pickle takes more values than it has")?;
        let mut all = Value { size: 0, depth: 0 };
        for value in self.stack.drain(first..) {
            let value = value.ok_or(MISPLACED)?;
            all.size += value.size;
            all.depth = all.depth.max(value.depth);
        }
        Ok(all)
    }

    /// A new value that holds the last `count`.
    fn wrap(&mut self, count: usize) -> Result<(), String> {
        let inside = self.take(count)?;
        self.spend(VALUE)?;
        self.push(Value {
            size: VALUE + inside.size,
            depth: 1 + inside.depth,
        })
    }

    fn wrap_to_mark(&mut self) -> Result<(), String> {
        let count = self.above_mark()?;
        self.stack.remove(self.stack.len() - count - 1);
        self.wrap(count)
    }

    /// Puts the last `count` values into the one below them.
    fn put_into(&mut self, count: usize) -> Result<(), String> {
        let inside = self.take(count)?;
        let container = self.take(1)?;
        self.push(Value {
            size: container.size + inside.size,
            depth: container.depth.max(1 + inside.depth),
        })
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
        if value.depth > MAX_DEPTH {
            return Err(format!("its pickle is nested more than {MAX_DEPTH} deep"));
        }
        self.stack.push(Some(value));
        Ok(())
    }

    /// How many values lie above the last mark.
    fn above_mark(&self) -> Result<usize, String> {
        let count = self.stack.iter().rev().position(Option::is_none);
        count.ok_or_else(|| "its pickle lacks a mark".into())
    }

    fn remember(&mut self, id: u32) -> Result<(), String> {
        let last = self.stack.last().copied();
        let last = last.ok_or("its pickle takes more values than it has")?;
        let value = last.ok_or(MISPLACED)?;
        self.spend(value.size)?;
        self.memo.insert(id, value);
        Ok(())
    }

    fn recall(&mut self, id: u32) -> Result<(), String> {
        let value = self.memo.get(&id).copied();
        let value = value.ok_or("its pickle recalls what it has not remembered")?;
        self.spend(value.size)?;
        self.push(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_torch_writes_is_cheap() {
        // {"a": (1, "b")}, with the key remembered and recalled.
        rehearse(b"\x80\x02}(X\x01\0\0\0aq\x01(K\x01h\x01tu.").unwrap();
    }

    #[test]
    fn bombs_are_refused() {
        let doubling: Vec<u8> = [&b"]q\0"[..], &b"h\0h\0\x86q\0".repeat(40), b"."].concat();
        let nested: Vec<u8> = [&b"]"[..], &b"\x85".repeat(100_000), b"."].concat();
        let wide: Vec<u8> = [&b"N".repeat(8 << 20)[..], b"."].concat();
        for (pickle, part) in [
            (&doubling[..], "memory"),
            (&nested, "64 deep"),
            (&wide, "memory"),
            (b"X\xff\xff\xff\xffabc", "truncated"),
            (b"", "truncated"),
            (b"R.", "takes more"),
            (b"t.", "lacks a mark"),
            (b"(q\0", "uses a mark"),
            (b"(\x85", "uses a mark"),
            (b"h\x05.", "recalls"),
            (b"\xff", "0xff"),
        ] {
            let message = rehearse(pickle).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}
