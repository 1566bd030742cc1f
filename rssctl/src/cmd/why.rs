//! `rssctl why`.

use rssmgr_proto::types::WhyQuery;

use super::Context;
use crate::cli::WhyArgs;
use crate::client::Intent;
use crate::exit::Stop;
use crate::render::{self, structured};
use crate::resolve::{self, flow_query};

/// Explains.
pub(super) async fn run(c: &mut Context<'_, '_>, args: &WhyArgs) -> Result<(), Stop> {
    c.no_names("rssctl why", "json, jsonl or yaml, or nothing for text")?;
    let mut query = WhyQuery { cpu: None, entry: args.entry };
    if let Some(cpu) = &args.cpu {
        query.cpu = Some(resolve::processor(cpu)?.to_string());
    }
    let flow = match args.flow.as_slice() {
        [src, dst, proto @ ..] => Some(flow_query(src, dst, proto.first().map(String::as_str))?),
        _ => None,
    };
    let client = c.client(Intent::Read).await?;
    let mut first = String::new();
    if let Some(flow) = &flow {
        // A flow is explained by its entry; one without a hash has none, and its prediction is the explanation.
        let record = client.flow(&args.name, flow).await?;
        let Some(entry) = record.entry else {
            let text = match c.form() {
                Some(form) => structured::record(record, form)?,
                None => render::flow(&record),
            };
            return c.terminal.print(&text);
        };
        query.entry = Some(entry);
        first = render::flow(&record) + "\n";
    }
    let record = client.why(&args.name, &query).await?;
    let text = match c.form() {
        Some(form) => structured::record(record, form)?,
        None => first + &render::why(&record, c.terminal.paint),
    };
    c.terminal.print(&text)
}
