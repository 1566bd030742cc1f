//! Names of attributes, so that an error says `header.dev-name` and not an offset.

use super::attributes::{HEADER, NESTED, NUMBER};
use super::{align, head};

/// Names of the attributes of one set: number, name as in the kernel's specification, and the set nested in it.
#[derive(Debug)]
pub(crate) struct Names(pub(crate) &'static [(u16, &'static str, Option<&'static Names>)]);

impl Names {
    fn find(&self, number: u16) -> Option<(&'static str, Option<&'static Names>)> {
        self.0.iter().find(|(known, ..)| *known == number).map(|&(_, name, nested)| (name, nested))
    }

    /// The name of `number`, or the number.
    pub(crate) fn name(&self, number: u16) -> String {
        self.find(number).map_or_else(|| number.to_string(), |(name, _)| name.to_owned())
    }

    /// The path of the attribute whose header stands at `offset` of `bytes`, the attributes of a request beginning
    /// at `start`, and the names inside it. `None` when no attribute begins there.
    pub(crate) fn path(
        &'static self,
        bytes: &[u8],
        start: usize,
        offset: usize,
    ) -> Option<(String, Option<&'static Names>)> {
        let (mut path, mut names) = (String::new(), Some(self));
        let (mut at, mut end) = (start, bytes.len());
        while at <= offset {
            let [l0, l1, t0, t1] = head::<HEADER>(bytes.get(at..end)?)?;
            let length = usize::from(u16::from_ne_bytes([l0, l1]));
            let kind = u16::from_ne_bytes([t0, t1]);
            if length < HEADER {
                return None;
            }
            let next = at.checked_add(align(length))?;
            if offset >= next {
                at = next;
                continue;
            }
            let number = kind & NUMBER;
            let found = names.and_then(|names| names.find(number));
            if !path.is_empty() {
                path.push('.');
            }
            match found {
                Some((name, _)) => path.push_str(name),
                None => path.push_str(&number.to_string()),
            }
            names = found.and_then(|(_, nested)| nested);
            if at == offset {
                return Some((path, names));
            }
            if kind & NESTED == 0 {
                return None;
            }
            (at, end) = (at + HEADER, end.min(at.checked_add(length)?));
        }
        None
    }
}
