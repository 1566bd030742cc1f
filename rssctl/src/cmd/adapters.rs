//! `rssctl get`, and which adapters a command means.

use rssmgr_core::manager::{glob, is_glob};
use rssmgr_proto::ErrorKind;
use rssmgr_proto::types::{AdapterRecord, HiddenRecord, ListOptions};

use super::Context;
use crate::cli::{EncapsulationArgs, GetArgs, Output};
use crate::client::{Client, Intent};
use crate::exit::{Failure, Stop};
use crate::render::list::Columns;
use crate::render::{self, structured};

/// Asks for `names` at once; if one of them does not exist, for each by itself, so that the others are still answered.
/// A glob without a match is worth a note, a name that does not exist is a failure.
pub(super) async fn each<T>(
    c: &mut Context<'_, '_>,
    names: &[String],
    name_of: impl Fn(&T) -> &str,
    ask: impl AsyncFn(&[String]) -> Result<Vec<T>, Failure>,
) -> Result<Vec<T>, Stop> {
    match ask(names).await {
        Err(e) if e.error.kind == ErrorKind::NoSuchAdapter && !names.is_empty() => {}
        other => return Ok(other?),
    }
    let mut found: Vec<T> = Vec::new();
    for name in names {
        match ask(std::slice::from_ref(name)).await {
            Ok(records) => {
                for record in records {
                    if found.iter().all(|f| name_of(f) != name_of(&record)) {
                        found.push(record);
                    }
                }
            }
            Err(e) if e.error.kind == ErrorKind::NoSuchAdapter && is_glob(name) => {
                c.terminal.note(&format!("no adapter matches `{name}`"));
            }
            Err(e) if e.error.kind == ErrorKind::NoSuchAdapter => {
                let message = format!(
                    "No adapter found with property 'Name' equal to '{name}'. Verify the value of the property and retry."
                );
                c.note(&Failure::new(ErrorKind::NoSuchAdapter, message).hint(e.error.message));
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(found)
}

/// The names of adapters whose description matches one of the globs. As on Windows, case does not matter.
pub(super) async fn described(
    c: &mut Context<'_, '_>,
    client: &Client,
    patterns: &[String],
    options: &ListOptions,
) -> Result<Vec<String>, Stop> {
    let all = client.adapters(&[], options).await?;
    let mut out = Vec::new();
    for pattern in patterns {
        let wanted = pattern.to_lowercase();
        let fits = |a: &&AdapterRecord| glob(&wanted, &a.interface_description.to_lowercase());
        let hits: Vec<&AdapterRecord> = all.iter().filter(fits).collect();
        if hits.is_empty() && is_glob(pattern) {
            c.terminal.note(&format!("no adapter has a description that matches `{pattern}`"));
        } else if hits.is_empty() {
            let mut known: Vec<&str> = all.iter().map(|a| a.interface_description.as_str()).collect();
            known.dedup();
            c.note(&Failure::new(
                ErrorKind::NoSuchAdapter,
                format!(
                    "No adapter found with property 'InterfaceDescription' equal to '{pattern}'. Verify the value of the \
                     property and retry."
                ),
            )
            .hint(format!("there are: {}", known.join(", "))));
        }
        for hit in hits {
            if !out.contains(&hit.name) {
                out.push(hit.name.clone());
            }
        }
    }
    Ok(out)
}

/// Shows adapters.
pub(super) async fn get(c: &mut Context<'_, '_>, args: &GetArgs) -> Result<(), Stop> {
    let (found, one, hidden) = find(c, &args.names, &args.interface_description, args.include_hidden).await?;
    show(c, found, one, hidden)
}

/// Shows which encapsulated packets adapters look into.
pub(super) async fn encapsulation(c: &mut Context<'_, '_>, args: &EncapsulationArgs) -> Result<(), Stop> {
    let (found, one, hidden) = find(c, &args.names, &args.interface_description, args.include_hidden).await?;
    if c.output().is_some_and(|output| output != Output::List) {
        return show(c, found, one, hidden);
    }
    let text: Vec<String> = found.iter().map(render::list::encapsulation).collect();
    c.terminal.print(&text.join("\n"))
}

/// The adapters of these names or descriptions, whether a single one was named, and the interfaces that are left out where
/// they are asked for.
async fn find(
    c: &mut Context<'_, '_>,
    names: &[String],
    descriptions: &[String],
    include_hidden: bool,
) -> Result<(Vec<AdapterRecord>, bool, Option<Vec<HiddenRecord>>), Stop> {
    let client = c.client(Intent::Read).await?;
    let options = ListOptions { include_hidden };
    let mut names = names.to_vec();
    if !descriptions.is_empty() {
        names = described(c, &client, descriptions, &options).await?;
        if names.is_empty() {
            return Ok((Vec::new(), true, None));
        }
    }
    let one = matches!(names.as_slice(), [name] if !is_glob(name));
    let ask = async |names: &[String]| client.adapters(names, &options).await;
    if !include_hidden {
        return Ok((each(c, &names, |a: &AdapterRecord| &a.name, ask).await?, one, None));
    }
    let named = |name: &str| names.is_empty() || names.iter().any(|n| glob(n, name));
    let hidden: Vec<HiddenRecord> = client.hidden().await?.into_iter().filter(|h| named(&h.name)).collect();
    // A name that is left out is not one that does not exist.
    let asked: Vec<String> =
        names.iter().filter(|n| !hidden.iter().any(|h| glob(n, &h.name))).cloned().collect();
    let found = match (names.is_empty(), asked.is_empty()) {
        (false, true) => Vec::new(),
        _ => each(c, &asked, |a: &AdapterRecord| &a.name, ask).await?,
    };
    Ok((found, one, Some(hidden)))
}

/// Prints adapters, and interfaces that are none where they were asked for; people see one as a list and several as a
/// table.
pub(super) fn show(
    c: &mut Context<'_, '_>,
    adapters: Vec<AdapterRecord>,
    one: bool,
    hidden: Option<Vec<HiddenRecord>>,
) -> Result<(), Stop> {
    let paint = c.terminal.paint;
    let columns = Columns::of(c.terminal.width);
    let people = if one || adapters.len() == 1 { Output::List } else { Output::Table };
    let output = c.output().unwrap_or(people);
    let left_out = hidden.as_ref().filter(|h| !h.is_empty()).map(|h| render::hidden(h, paint));
    if let Some(form) = structured::Form::of(output) {
        return c.terminal.print(&structured::with_hidden(adapters, hidden, form)?);
    }
    let mut text = match output {
        Output::Json | Output::Jsonl | Output::Yaml => String::new(),
        Output::Name => adapters.iter().fold(String::new(), |out, a| out + &a.name + "\n"),
        Output::List => {
            adapters.iter().map(|a| render::list::adapter(a, paint, columns)).collect::<Vec<_>>().join("\n")
        }
        Output::Table | Output::Wide if adapters.is_empty() => String::new(),
        Output::Table => render::summary(&adapters, false, paint),
        Output::Wide => render::summary(&adapters, true, paint),
    };
    if let Some(left_out) = left_out.filter(|_| output != Output::Name) {
        if !text.is_empty() {
            text.push('\n');
        }
        text += &left_out;
    }
    c.terminal.print(&text)
}
