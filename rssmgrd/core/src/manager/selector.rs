//! Which adapters a request means: names and globs.

use alloc::string::String;
use alloc::vec::Vec;

/// Names and globs; empty means every managed adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector(pub Vec<String>);

impl Selector {
    /// Exactly one adapter by name, or what the glob matches.
    #[must_use]
    pub fn one(name: &str) -> Self {
        Self(alloc::vec![name.into()])
    }

    /// Whether this means every managed adapter.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an adapter of this name is meant, if it is managed.
    pub(super) fn means(&self, name: &str) -> bool {
        self.is_all() || self.0.iter().any(|p| p == name || (is_glob(p) && glob(p, name)))
    }
}

/// Whether `name` matches the glob `pattern`: `*` any text, `?` one character, `[a-c]` one of a set, `[!a]` none of
/// it. Interface names are case sensitive on Linux, so are globs.
#[must_use]
pub fn glob(pattern: &str, name: &str) -> bool {
    let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut i, mut j) = (0, 0);
    // Where to go on when a star has to swallow one more character.
    let mut star: Option<(usize, usize)> = None;
    while j < n.len() {
        let step = match p.get(i) {
            Some('*') => {
                star = Some((i, j));
                i += 1;
                continue;
            }
            Some('?') => Some(i + 1),
            Some('[') => match set(&p[i..], n[j]) {
                Some((true, len)) => Some(i + len),
                Some((false, _)) => None,
                None => (n[j] == '[').then_some(i + 1),
            },
            Some(c) => (*c == n[j]).then_some(i + 1),
            None => None,
        };
        match (step, star) {
            (Some(next), _) => {
                i = next;
                j += 1;
            }
            (None, Some((at, swallowed))) => {
                star = Some((at, swallowed + 1));
                i = at + 1;
                j = swallowed + 1;
            }
            (None, None) => return false,
        }
    }
    p[i..].iter().all(|c| *c == '*')
}

/// Whether a text has glob characters.
#[must_use]
pub fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether `c` is in the set that starts at `p[0]`, and the length of the set; `None` when it is not closed.
fn set(p: &[char], c: char) -> Option<(bool, usize)> {
    let negated = matches!(p.get(1), Some('!' | '^'));
    let first = 1 + usize::from(negated);
    let close = first + 1 + p.get(first + 1..)?.iter().position(|x| *x == ']')?;
    let body = &p[first..close];
    let mut hit = false;
    let mut k = 0;
    while k < body.len() {
        if body.get(k + 1) == Some(&'-') && k + 2 < body.len() {
            hit |= (body[k]..=body[k + 2]).contains(&c);
            k += 3;
        } else {
            hit |= body[k] == c;
            k += 1;
        }
    }
    Some((hit != negated, close + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, name, want) in [
            ("*", "", true),
            ("eth*", "eth0", true),
            ("eth?", "eth10", false),
            ("eth[0-2]", "eth1", true),
            ("eth[!0-2]", "eth1", false),
            ("*0*1", "eth0np1", true),
            ("*a*b*c", "xaybzb", false),
            ("[", "[", true),
            ("[]]", "]", true),
            ("Eth0", "eth0", false),
            ("", "x", false),
        ] {
            assert_eq!(glob(pattern, name), want, "{pattern} {name}");
        }
    }
}
