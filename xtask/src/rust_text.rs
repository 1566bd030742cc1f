//! Rust source with everything that is not code blanked out, so that a word can be looked for in the code alone.

use std::iter;

/// The text with comments and the contents of strings and characters replaced by blanks. Lines stay lines.
pub(crate) fn code_only(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let after_word = out.chars().next_back().is_some_and(is_word);
        let (length, keep) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if first == '"' {
            (string(rest), false)
        } else if let Some(length) = raw_string(rest).filter(|_| !after_word) {
            (length, false)
        } else if let Some(length) = character(rest) {
            (length, false)
        } else {
            (first.len_utf8(), true)
        };
        let (piece, tail) = rest.split_at(length);
        if keep {
            out.push_str(piece);
        } else {
            out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = tail;
    }
    out
}

/// The numbers (from 1) of the lines on which `word` stands as a word of its own.
pub(crate) fn lines_with_word<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let has = move |line: &str| line.split(|c| !is_word(c)).any(|w| w == word);
    iter::zip(1.., code.lines()).filter(move |(_, line)| has(line)).map(|(number, _)| number)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of the (nested) block comment that `text` begins with.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// Length of the string literal that `text` begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of the raw string literal (`r"`, `br#"`, `cr#"`) that `text` begins with, if it is one.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"]
        .into_iter()
        .find(|p| text.starts_with(p) && text[p.len()..].starts_with(['"', '#']))?;
    let hashes = text[prefix.len()..].bytes().take_while(|b| *b == b'#').count();
    let open = prefix.len() + hashes;
    if !text[open..].starts_with('"') {
        return None; // a raw identifier
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = open + 1;
    Some(text[body..].find(&end).map_or(text.len(), |at| body + at + end.len()))
}

/// Length of the character literal that `text` begins with; `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    let mut chars = body.char_indices();
    match chars.next()? {
        (_, '\\') => {
            chars.next()?; // what is escaped, which may be a quote
            chars.find(|(_, c)| *c == '\'').map(|(at, _)| at + 2)
        }
        _ => chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(source: &str) -> Vec<usize> {
        lines_with_word(&code_only(source), "unsafe").collect()
    }

    #[test]
    fn words_in_code_are_found() {
        assert_eq!(hits("unsafe { x }"), [1]);
        assert_eq!(hits("let a = 1;\npub unsafe fn f() {}\n#[unsafe(no_mangle)]"), [2, 3]);
        assert_eq!(hits("/* a /* b */ c */ unsafe impl X for Y {}"), [1]);
        assert_eq!(hits("let c = '\"'; unsafe { x } // \""), [1]);
        assert_eq!(hits(r"let c = '\''; unsafe { x } let d = '\\'; unsafe {}"), [1]);
        assert_eq!(hits("fn f<'a>(x: &'a str) { unsafe { g(x) } }"), [1]);
        assert_eq!(hits("let s = \"a \\\" b\"; unsafe {}"), [1]);
        assert_eq!(hits("let s = r#\"a \" b\"#; unsafe {}"), [1]);
        assert_eq!(hits("let r#type = 1; unsafe {}"), [1]);
        assert_eq!(hits("let s = \"\n\n\";\nunsafe {}"), [4]);
    }

    #[test]
    fn words_elsewhere_are_not() {
        for source in [
            "// unsafe",
            "/// unsafe {",
            "/* unsafe /* */ unsafe */",
            "let s = \"unsafe\";",
            "let s = \"\\\" unsafe\";",
            "let s = r#\"\" unsafe\"#;",
            "let s = br\"unsafe\";",
            "#![forbid(unsafe_code)]",
            "fn not_unsafe() {}",
        ] {
            assert_eq!(hits(source), [0; 0], "{source}");
        }
    }
}
