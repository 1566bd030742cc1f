//! What must not stand in the project's files: the places of one machine, hosts of package registries, dead links.

use std::collections::BTreeSet;

/// A text that no file may contain, but for those named.
struct Pattern {
    text: &'static str,
    what: &'static str,
    except: &'static [&'static str],
}

// Written in two pieces, so that this file does not contain what it looks for.
const PATTERNS: &[Pattern] = &[
    Pattern { text: concat!("/wo", "rk/"), what: "a path of one machine", except: &[] },
    Pattern { text: concat!("/ho", "me/"), what: "a path of one machine", except: &[] },
    Pattern { text: concat!("/ro", "ot/"), what: "a path of one machine", except: &[] },
    Pattern {
        text: concat!("crates", ".io"),
        what: "the host of a package registry",
        except: &["Cargo.lock", "deny.toml"],
    },
    Pattern { text: concat!("deb", ".debian"), what: "the host of a package registry", except: &[] },
];

/// A text file of the project, its path relative to the root.
pub(crate) struct TextFile<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
}

/// Every broken rule, in words. `known` holds all files and folders of the project.
pub(crate) fn check(files: &[TextFile<'_>], known: &BTreeSet<String>) -> Vec<String> {
    let mut broken = Vec::new();
    for file in files {
        for pattern in PATTERNS.iter().filter(|p| !p.except.contains(&file.path)) {
            for (line, _) in (1..).zip(file.text.lines()).filter(|(_, line)| line.contains(pattern.text)) {
                broken.push(format!("{}:{line}: `{}` is {}", file.path, pattern.text, pattern.what));
            }
        }
        if file.path.ends_with(".md") {
            for (line, target) in links(file.text) {
                let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                if !resolve(folder, target).is_some_and(|path| path.is_empty() || known.contains(&path)) {
                    broken.push(format!("{}:{line}: link to `{target}`, which is not there", file.path));
                }
            }
        }
    }
    broken
}

/// All files and the folders that they are in.
pub(crate) fn with_folders(files: &[String]) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for file in files {
        known.insert(file.clone());
        known.extend(file.match_indices('/').map(|(at, _)| file[..at].to_owned()));
    }
    known
}

/// The targets of Markdown links to other files, with their line.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).flat_map(|(number, line)| {
        line.split("](").skip(1).filter_map(move |rest| {
            let target = rest.split([')', ' ', '#']).next()?;
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            (!target.is_empty() && !elsewhere).then_some((number, target))
        })
    })
}

/// The path, relative to the root, of a link in a file of `folder`; `None` when it leaves the project.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str) -> Vec<String> {
        let known = with_folders(&["README.md".into(), "man/rssctl.1".into(), "man/README.md".into()]);
        check(&[TextFile { path, text }], &known)
    }

    #[test]
    fn each_pattern_is_found_and_excepted_files_are_not() {
        for pattern in PATTERNS {
            let text = format!("one\nsee {} there", pattern.text);
            let broken = one("docs/a.txt", &text);
            assert!(broken.len() == 1 && broken[0].starts_with("docs/a.txt:2: "), "{broken:?}");
            for path in pattern.except {
                assert_eq!(one(path, &text), [""; 0]);
            }
        }
    }

    #[test]
    fn dead_links_are_found() {
        let sound = "[a](man/rssctl.1) [b](man/) [c](https://x.org/y) [d](#part) [e](README.md#part) [f](.)";
        assert_eq!(one("README.md", sound), [""; 0]);
        assert_eq!(one("man/README.md", "[a](rssctl.1) [b](../README.md)"), [""; 0]);
        for dead in ["[a](man/rssmgrd.8)", "x [b](y) z", "[c](../README.md)"] {
            assert_eq!(one("README.md", dead).len(), 1, "{dead}");
        }
    }
}
