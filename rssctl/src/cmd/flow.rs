//! `rssctl flow`.

use std::io::Read as _;
use std::path::Path;

use rssmgr_proto::ErrorKind;
use rssmgr_proto::types::FlowQuery;

use super::Context;
use crate::cli::FlowArgs;
use crate::client::Intent;
use crate::exit::{Failure, Stop};
use crate::render;
use crate::render::structured;
use crate::resolve::{carried, flow_query};

/// Predicts where a flow goes, or each of many.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &FlowArgs) -> Result<(), Stop> {
    c.no_names("rssctl flow", "json, jsonl or yaml, or nothing for text")?;
    let queries = match (&args.file, &args.src, &args.dst) {
        (Some(file), ..) => queries(&text(file)?)?,
        (None, Some(src), Some(dst)) => {
            let query = flow_query(src, dst, args.proto.as_deref())?;
            vec![match (&args.encapsulation, &args.outer_src, &args.outer_dst) {
                (Some(kind), Some(src), Some(dst)) => carried(query, kind, src, dst)?,
                _ => query,
            }]
        }
        (None, ..) => return Err(Failure::usage("give SRC and DST, or --file FILE").into()),
    };
    let client = c.client(Intent::Read).await?;
    let mut records = Vec::new();
    for query in &queries {
        records.push(client.flow(&args.name, query).await?);
    }
    let text = match (c.form(), records.pop()) {
        (Some(form), Some(record)) if args.file.is_none() => structured::record(record, form)?,
        (Some(form), last) => {
            records.extend(last);
            structured::list("flows", records, form)?
        }
        (None, last) => records.iter().chain(&last).map(render::flow).collect(),
    };
    c.terminal.print(&text)
}

fn text(file: &Path) -> Result<String, Failure> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|e| {
        Failure::new(ErrorKind::BadFile, format!("cannot read the flows in {}: {e}", file.display()))
    })
}

/// A flow a line; empty lines are left out.
fn queries(text: &str) -> Result<Vec<FlowQuery>, Failure> {
    let query = |(number, line): (usize, &str)| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let query = match words[..] {
            [] => return None,
            [src, dst] => flow_query(src, dst, None),
            [src, dst, proto] => flow_query(src, dst, Some(proto)),
            _ => Err(Failure::usage(format!("`{line}` is not SRC DST [PROTO]"))),
        };
        Some(query.map_err(|e| Failure::new(ErrorKind::BadFile, format!("line {}: {e}", number + 1))))
    };
    text.lines().enumerate().filter_map(query).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_a_line_and_a_mistake_with_its_line() {
        let text = "192.0.2.1:1 192.0.2.2:2\n\n[2001:db8::1]:3 [2001:db8::2]:4  udp\n";
        let found = queries(text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].src.as_str(), found[1].src_port), ("2001:db8::1", Some(3)));
        let wrong = queries("\n192.0.2.1\n").unwrap_err();
        assert_eq!((wrong.error.kind, wrong.to_string().starts_with("line 2: ")), (ErrorKind::BadFile, true));
    }
}
