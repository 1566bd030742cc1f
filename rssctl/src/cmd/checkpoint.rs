//! `rssctl checkpoint`.

use super::{Context, change};
use crate::cli::{CheckpointCommand, Output};
use crate::client::Intent;
use crate::exit::Stop;
use crate::render::{self, structured};
use crate::resolve;

/// Lists, confirms, takes back, gives more time.
pub(super) async fn run(c: &mut Context<'_, '_>, command: &CheckpointCommand) -> Result<(), Stop> {
    match command {
        CheckpointCommand::List => {
            let client = c.client(Intent::Read).await?;
            let list = client.checkpoints().await?;
            let text = match (c.form(), c.output()) {
                (Some(form), _) => structured::list("checkpoints", list, form)?,
                (None, Some(Output::Name)) => {
                    list.iter().fold(String::new(), |out, p| out + &p.id.to_string() + "\n")
                }
                (None, _) => render::checkpoints(&list, c.terminal.paint),
            };
            c.terminal.print(&text)
        }
        CheckpointCommand::Commit { id } => {
            let client = c.client(Intent::Change).await?;
            client.manager.commit_checkpoint(id.map_or(0, Into::into)).await?;
            c.terminal.note("confirmed: the change stays");
            Ok(())
        }
        CheckpointCommand::Rollback { id } => {
            let client = c.client(Intent::Change).await?;
            let reply = client.roll_back(id.map_or(0, Into::into)).await?;
            change::taken_back(c, &reply)
        }
        CheckpointCommand::Extend { id, time } => {
            let ms = resolve::milliseconds("TIME", time)?;
            let client = c.client(Intent::Change).await?;
            client.manager.extend_checkpoint((*id).into(), ms).await?;
            c.terminal.note(&format!("checkpoint {id} goes back in {time} unless it is confirmed"));
            Ok(())
        }
    }
}
