//! Sets of CPUs, read and written in the kernel's two notations.
//!
//! *List*: `0-3,8`, with the strides of `bitmap_parselist` (`0-31:2/8`: of every 8 CPUs the first 2). *Mask*:
//! hexadecimal groups of 32 CPUs, highest first (`ff,00000000` is CPUs 32 to 39).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::ids::{CpuId, MAX_CPU};

const WORD: u32 = u64::BITS;

/// Texts of this many bytes and more are not read: every second CPU of 8,192, one by one, takes 20 KiB.
const LONGEST: usize = 32 * 1024;

/// A set of CPUs, each at most [`MAX_CPU`]. `Display` writes the list as the kernel does.
///
/// Takes a bit for each CPU up to the highest in it: 1 KiB at most.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct CpuSet {
    /// Bit `cpu % 64` of word `cpu / 64`; the last word is never 0, so that equal sets are equal words.
    words: Vec<u64>,
}

/// Why a text is not a set of CPUs. `at` counts characters from 1; a long text is shown shortened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CpuSetError {
    /// Something that has no place in a list.
    #[error(
        "CPU list `{text}`: {} at character {at}; write numbers and ranges such as `0-3,8,16-31:2/4`", Found(*found)
    )]
    List {
        /// The whole text.
        text: String,
        /// Where.
        at: usize,
        /// What stands there; `None` at the end of the text.
        found: Option<char>,
    },
    /// A range that ends before it starts.
    #[error(
        "CPU list `{text}`: the range {first}-{last} at character {at} runs backwards; write {last}-{first}"
    )]
    Backwards {
        /// The whole text.
        text: String,
        /// Where the range starts.
        at: usize,
        /// Its first CPU.
        first: u32,
        /// Its last CPU.
        last: u32,
    },
    /// A stride that selects nothing, or more than there is.
    #[error(
        "CPU list `{text}`: the stride {used}/{group} at character {at} is not possible; write `range:used/group` with used from 1 to group"
    )]
    Stride {
        /// The whole text.
        text: String,
        /// Where the stride starts.
        at: usize,
        /// CPUs taken of each group.
        used: u32,
        /// CPUs in a group.
        group: u32,
    },
    /// A CPU that no kernel has.
    #[error(
        "CPU set `{text}`: the CPU at character {at} is too high; the highest CPU a kernel can have is {MAX_CPU}"
    )]
    TooHigh {
        /// The whole text.
        text: String,
        /// Where the number (list) or the group (mask) starts.
        at: usize,
    },
    /// Far longer than any set needs.
    #[error(
        "CPU set of {0} bytes: a list or mask of all CPUs takes less than {LONGEST}; name ranges such as `0-127`"
    )]
    TooLong(usize),
    /// Something that has no place in a mask.
    #[error(
        "CPU mask `{text}`: {} at character {at}; write groups of 1 to 8 hexadecimal digits, highest first, separated by commas, such as `ff,00000000`", Found(*found)
    )]
    Mask {
        /// The whole text.
        text: String,
        /// Where.
        at: usize,
        /// What stands there; `None` at the end of the text.
        found: Option<char>,
    },
}

/// Words for what was met where something else was expected.
struct Found(Option<char>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(c) => write!(f, "unexpected `{}`", c.escape_debug()),
            None => f.write_str("unexpected end"),
        }
    }
}

/// At most 64 characters of a text that did not parse, control characters escaped: it goes into an error message.
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN: usize = 64;
    let text = text.trim_end();
    let mut short: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push_str("...");
    }
    short
}

impl CpuSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// Adds a CPU. Says whether the set changed: it does not for a member, nor for a CPU above [`MAX_CPU`], which
    /// no kernel has.
    pub fn insert(&mut self, cpu: CpuId) -> bool {
        let Some((word, bit)) = position(cpu) else { return false };
        if cpu.0 > MAX_CPU {
            return false;
        }
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let Some(w) = self.words.get_mut(word) else { return false };
        let fresh = *w & bit == 0;
        *w |= bit;
        fresh
    }

    /// Takes a CPU out. Says whether it was there.
    pub fn remove(&mut self, cpu: CpuId) -> bool {
        let Some((word, bit)) = position(cpu) else { return false };
        let Some(w) = self.words.get_mut(word) else { return false };
        let there = *w & bit != 0;
        *w &= !bit;
        self.trim();
        there
    }

    /// Whether the CPU is in the set.
    #[must_use]
    pub fn contains(&self, cpu: CpuId) -> bool {
        position(cpu).and_then(|(word, bit)| self.words.get(word).map(|w| w & bit != 0)).unwrap_or(false)
    }

    /// CPUs in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (long, short) = if self.words.len() >= other.words.len() { (self, other) } else { (other, self) };
        let mut words = long.words.clone();
        for (w, o) in words.iter_mut().zip(&short.words) {
            *w |= o;
        }
        Self { words }
    }

    /// CPUs in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut set = Self { words: self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect() };
        set.trim();
        set
    }

    /// CPUs of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut set = self.clone();
        for (w, o) in set.words.iter_mut().zip(&other.words) {
            *w &= !o;
        }
        set.trim();
        set
    }

    /// Whether every CPU of this set is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.words.len() <= other.words.len() && self.words.iter().zip(&other.words).all(|(a, b)| a & !b == 0)
    }

    /// Whether no CPU is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many CPUs are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// The lowest CPU.
    #[must_use]
    pub fn first(&self) -> Option<CpuId> {
        self.iter().next()
    }

    /// The highest CPU.
    #[must_use]
    pub fn last(&self) -> Option<CpuId> {
        let word = self.words.last()?;
        let base = u32::try_from(self.words.len() - 1).ok()? * WORD;
        Some(CpuId(base + word.checked_ilog2()?))
    }

    /// The CPUs, ascending.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { rest: &self.words, base: 0, word: 0 }
    }

    /// Reads a list as the kernel prints and takes it: numbers and ranges separated by commas or white space, a
    /// range with an optional stride. An empty text, or only white space, is the empty set.
    ///
    /// # Errors
    /// Names the text, the position and what would be right. Nothing is allocated for a CPU above [`MAX_CPU`].
    pub fn parse_list(text: &str) -> Result<Self, CpuSetError> {
        if text.len() >= LONGEST {
            return Err(CpuSetError::TooLong(text.len()));
        }
        let mut scan = Scan { text, rest: text };
        let mut set = Self::new();
        loop {
            scan.skip(|c| c == ',' || c.is_ascii_whitespace());
            if scan.rest.is_empty() {
                return Ok(set);
            }
            let start = scan.offset();
            let first = scan.cpu()?;
            if !scan.eat('-') {
                scan.end_of_region()?;
                set.insert(CpuId(first));
                continue;
            }
            let last = scan.cpu()?;
            if last < first {
                let at = scan.at(start);
                return Err(CpuSetError::Backwards { text: shortened(text), at, first, last });
            }
            let (mut used, mut group) = (1, 1);
            if scan.eat(':') {
                let start = scan.offset();
                used = scan.number()?;
                if !scan.eat('/') {
                    return Err(scan.unexpected());
                }
                group = scan.number()?;
                if used == 0 || used > group {
                    let at = scan.at(start);
                    return Err(CpuSetError::Stride { text: shortened(text), at, used, group });
                }
            }
            scan.end_of_region()?;
            for cpu in (first..=last).filter(|cpu| (cpu - first) % group < used) {
                set.insert(CpuId(cpu));
            }
        }
    }

    /// Reads a mask as sysfs prints and takes it: groups of 32 CPUs as 1 to 8 hexadecimal digits, highest first,
    /// separated by commas. Leading zeros and leading groups of zeros may be there or not. An empty text is the
    /// empty set.
    ///
    /// # Errors
    /// Names the text, the position and what would be right.
    pub fn parse_mask(text: &str) -> Result<Self, CpuSetError> {
        if text.len() >= LONGEST {
            return Err(CpuSetError::TooLong(text.len()));
        }
        let mut set = Self::new();
        let digits = text.trim_ascii_end();
        if digits.is_empty() {
            return Ok(set);
        }
        let groups = digits.split(',').count();
        let mut at = 1;
        for (i, group) in digits.split(',').enumerate() {
            let mut bits = 0_u32;
            for (j, c) in group.chars().enumerate() {
                let Some(digit) = c.to_digit(16).filter(|_| j < 8) else {
                    return Err(CpuSetError::Mask { text: shortened(text), at: at + j, found: Some(c) });
                };
                bits = bits << 4 | digit;
            }
            if group.is_empty() {
                let found = digits.chars().nth(at - 1);
                return Err(CpuSetError::Mask { text: shortened(text), at, found });
            }
            // The position of the group from the right decides which CPUs it holds.
            let base = u32::try_from(groups - 1 - i).ok().and_then(|g| g.checked_mul(u32::BITS));
            for bit in (0..u32::BITS).filter(|bit| bits & 1 << bit != 0) {
                match base.and_then(|base| base.checked_add(bit)) {
                    Some(cpu) if cpu <= MAX_CPU => set.insert(CpuId(cpu)),
                    _ => return Err(CpuSetError::TooHigh { text: shortened(text), at }),
                };
            }
            at += group.len() + 1;
        }
        Ok(set)
    }

    /// The mask as sysfs prints it on a machine with `width` possible CPUs: 48 CPUs give `0000,0000003f`. A set with
    /// a CPU beyond `width` is printed as wide as it needs.
    #[must_use]
    pub fn to_mask(&self, width: u32) -> String {
        use fmt::Write as _;
        let needed = self.last().map_or(1, |cpu| cpu.0 + 1);
        let width = width.clamp(1, MAX_CPU + 1).max(needed);
        let groups = width.div_ceil(u32::BITS);
        let mut text = String::new();
        for group in (0..groups).rev() {
            let top = group + 1 == groups;
            let bits = if top { width - group * u32::BITS } else { u32::BITS };
            let digits = bits.div_ceil(4) as usize;
            if !top {
                text.push(',');
            }
            // Writing to a String cannot fail.
            let _ = write!(text, "{:0digits$x}", self.group(group));
        }
        text
    }

    /// CPUs `32 * index` to `32 * index + 31`, as bits.
    fn group(&self, index: u32) -> u64 {
        let word = self.words.get((index / 2) as usize).copied().unwrap_or(0);
        (if index.is_multiple_of(2) { word } else { word >> u32::BITS }) & u64::from(u32::MAX)
    }

    fn trim(&mut self) {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }
}

/// The word and the bit of a CPU.
fn position(cpu: CpuId) -> Option<(usize, u64)> {
    Some((usize::try_from(cpu.0 / WORD).ok()?, 1 << (cpu.0 % WORD)))
}

/// Reads a CPU list from left to right.
struct Scan<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Scan<'_> {
    /// How many bytes are read.
    fn offset(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// The character, from 1, at a byte offset. Only for errors: it counts from the start.
    fn at(&self, offset: usize) -> usize {
        self.text.char_indices().take_while(|(i, _)| *i < offset).count() + 1
    }

    fn skip(&mut self, what: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(what);
    }

    fn eat(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn unexpected(&self) -> CpuSetError {
        let at = self.at(self.offset());
        CpuSetError::List { text: shortened(self.text), at, found: self.rest.chars().next() }
    }

    fn end_of_region(&self) -> Result<(), CpuSetError> {
        match self.rest.chars().next() {
            Some(c) if c != ',' && !c.is_ascii_whitespace() => Err(self.unexpected()),
            _ => Ok(()),
        }
    }

    /// A decimal number; one too large for 32 bits is `u32::MAX`, which is above every limit that follows.
    fn number(&mut self) -> Result<u32, CpuSetError> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        if digits.is_empty() {
            return Err(self.unexpected());
        }
        self.rest = rest;
        Ok(digits.parse().unwrap_or(u32::MAX))
    }

    /// The number of a CPU that a kernel can have.
    fn cpu(&mut self) -> Result<u32, CpuSetError> {
        let start = self.offset();
        let cpu = self.number()?;
        if cpu > MAX_CPU {
            let at = self.at(start);
            return Err(CpuSetError::TooHigh { text: shortened(self.text), at });
        }
        Ok(cpu)
    }
}

/// The CPUs of a [`CpuSet`], ascending.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a [u64],
    /// First CPU of `rest[0]`.
    base: u32,
    /// What is left of the word before `rest`.
    word: u64,
}

impl Iterator for Iter<'_> {
    type Item = CpuId;

    fn next(&mut self) -> Option<CpuId> {
        while self.word == 0 {
            let (word, rest) = self.rest.split_first()?;
            self.word = *word;
            self.rest = rest;
            self.base += WORD;
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Some(CpuId(self.base - WORD + bit))
    }
}

impl<'a> IntoIterator for &'a CpuSet {
    type Item = CpuId;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl FromIterator<CpuId> for CpuSet {
    /// CPUs above [`MAX_CPU`] are left out, as by [`CpuSet::insert`].
    fn from_iter<I: IntoIterator<Item = CpuId>>(iter: I) -> Self {
        let mut set = Self::new();
        set.extend(iter);
        set
    }
}

impl Extend<CpuId> for CpuSet {
    fn extend<I: IntoIterator<Item = CpuId>>(&mut self, iter: I) {
        for cpu in iter {
            self.insert(cpu);
        }
    }
}

impl FromStr for CpuSet {
    type Err = CpuSetError;

    /// Reads a list, as [`CpuSet::parse_list`].
    fn from_str(text: &str) -> Result<Self, CpuSetError> {
        Self::parse_list(text)
    }
}

impl fmt::Display for CpuSet {
    /// The list as the kernel prints it: ascending, runs of two or more as `first-last`, no blanks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cpus = self.iter().peekable();
        let mut separator = "";
        while let Some(first) = cpus.next() {
            let mut last = first;
            while let Some(next) = cpus.next_if(|next| next.0 == last.0 + 1) {
                last = next;
            }
            write!(f, "{separator}{first}")?;
            if last > first {
                write!(f, "-{last}")?;
            }
            separator = ",";
        }
        Ok(())
    }
}

impl fmt::Debug for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CpuSet({self})")
    }
}

#[cfg(test)]
mod tests;
