//! `rssctl set`, `enable`, `disable`, `reset`, `release` and `restart`: one request to the daemon, its answer shown.

use rssmgr_core::driver::Impact;
use rssmgr_core::field::{FIELDS, Field};
use rssmgr_proto::dict::{Dictionary, to_dict};
use rssmgr_proto::types::{ApplyOptions, ApplyRecord, ListOptions};
use rssmgr_proto::{ErrorKind, text};

use super::{Context, adapters};
use crate::cli::{ApplyArgs, ChangeArgs, SetArgs};
use crate::client::{Change, Client, Intent};
use crate::exit::{Failure, Stop};
use crate::render::{self, structured};
use crate::resolve;

/// Changes settings.
pub(super) async fn set(c: &mut Context<'_, '_>, args: &SetArgs) -> Result<(), Stop> {
    if args.settings.is_empty() {
        let flags: Vec<String> = FIELDS.iter().map(|f| format!("--{}", f.flag)).collect();
        return Err(Failure::usage("nothing to set")
            .hint(format!("give at least one of {}", flags.join(", ")))
            .into());
    }
    let everyone = args.names.is_empty() && args.apply.interface_description.is_empty();
    if everyone && args.settings.given.iter().any(|(f, _)| *f == Field::Enabled) {
        return Err(Failure::usage(
            "--enabled needs the name of an adapter: it would switch every managed one",
        )
        .hint("name them (`rssctl set 'eth*' --enabled false`), or use `rssctl disable --all`")
        .into());
    }
    let patch = resolve::patch(&args.settings)?;
    let change = Change::Apply(resolve::settings(&patch)?);
    request(c, &args.names, everyone, &args.apply, &change).await
}

/// Switches receive side scaling on or off.
pub(super) async fn switch(c: &mut Context<'_, '_>, args: &ChangeArgs, on: bool) -> Result<(), Stop> {
    let settings: Dictionary = to_dict(&serde_json::json!({ (Field::Enabled.key()): on }))?;
    named(c, args, &Change::Apply(settings)).await
}

/// Back to the configuration.
pub(super) async fn reset(c: &mut Context<'_, '_>, args: &ChangeArgs) -> Result<(), Stop> {
    named(c, args, &Change::Reset).await
}

/// Back to how it was found.
pub(super) async fn release(c: &mut Context<'_, '_>, args: &ChangeArgs) -> Result<(), Stop> {
    named(c, args, &Change::Release).await
}

/// What is pending is taken.
pub(super) async fn restart(c: &mut Context<'_, '_>, args: &ChangeArgs) -> Result<(), Stop> {
    let mut args = args.clone();
    args.apply.allow.get_or_insert_with(|| Impact::Link.name().into());
    named(c, &args, &Change::Restart).await
}

/// A change that never means everybody by omission.
pub(super) async fn named(c: &mut Context<'_, '_>, args: &ChangeArgs, change: &Change) -> Result<(), Stop> {
    if args.names.is_empty() && !args.all && args.apply.interface_description.is_empty() {
        return Err(Failure::usage("which adapters? None is named")
            .hint("give NAME, a glob such as 'eth*', or --all for every managed one")
            .into());
    }
    request(c, &args.names, args.all, &args.apply, change).await
}

/// Sends a change and shows what came of it. No names mean every managed adapter only when `everyone` says so.
pub(super) async fn request(
    c: &mut Context<'_, '_>,
    names: &[String],
    everyone: bool,
    args: &ApplyArgs,
    change: &Change,
) -> Result<(), Stop> {
    let confirm = args.confirm == Some(true) && !args.what_if;
    if confirm && !c.terminal.answers {
        return Err(Failure::usage("--confirm asks a question, and nobody is there to answer it")
            .hint("run it on a terminal, or leave the question out with --confirm=false (-Confirm:'$false')")
            .into());
    }
    let intent = if args.what_if { Intent::Read } else { Intent::Change };
    let client = c.client(intent).await?;
    let mut names = names.to_vec();
    if !args.interface_description.is_empty() {
        let options = ListOptions { include_hidden: args.include_hidden };
        names = adapters::described(c, &client, &args.interface_description, &options).await?;
    }
    if names.is_empty() && !everyone {
        return Ok(());
    }
    let mut options = resolve::options(args)?;
    if confirm {
        options.dry_run = true;
        let Some(planned) = ask_known(c, &client, &mut names, change, &options).await? else { return Ok(()) };
        let paint = c.terminal.paint;
        let texts: Vec<String> = planned.adapters.iter().map(|p| render::plan(p, paint)).collect();
        c.terminal.tell(&texts.join("\n"));
        failures(c, &planned);
        if planned.adapters.iter().all(|p| !p.changed) {
            return Ok(());
        }
        if !c.terminal.ask("Apply this?")? {
            c.terminal.note("nothing was changed");
            return Ok(());
        }
        options.dry_run = false;
        options.if_generation = Some(planned.generation);
    }
    let Some(reply) = ask_known(c, &client, &mut names, change, &options).await? else { return Ok(()) };
    waits(c, reply.checkpoint, args);
    if args.pass_thru && !args.what_if {
        failures(c, &reply);
        return pass_thru(c, &client, &reply).await;
    }
    if args.what_if { plans(c, &reply) } else { results(c, &reply, change) }
}

/// Asks the daemon. It refuses a request with a name that it does not know as a whole; unless all or nothing is wanted,
/// each such name is told and leaves `names`, and the others are asked for together, so that they are still placed beside
/// each other. `None` when no name is left.
pub(super) async fn ask_known(
    c: &mut Context<'_, '_>,
    client: &Client,
    names: &mut Vec<String>,
    change: &Change,
    options: &ApplyOptions,
) -> Result<Option<ApplyRecord>, Stop> {
    match ask(client, names, change, options).await {
        Err(Stop::Failed(f))
            if f.error.kind == ErrorKind::NoSuchAdapter && names.len() > 1 && !options.atomic => {}
        other => return other.map(Some),
    }
    let everything = ListOptions { include_hidden: true };
    let mut known = Vec::new();
    for name in std::mem::take(names) {
        match client.adapters(std::slice::from_ref(&name), &everything).await {
            Ok(_) => known.push(name),
            Err(f) if f.error.kind == ErrorKind::NoSuchAdapter => c.note(&f),
            Err(f) => return Err(f.into()),
        }
    }
    *names = known;
    if names.is_empty() { Ok(None) } else { ask(client, names, change, options).await.map(Some) }
}

/// Asks the daemon; that nobody is managed yet is said with the remedy.
async fn ask(
    client: &Client,
    names: &[String],
    change: &Change,
    options: &ApplyOptions,
) -> Result<ApplyRecord, Stop> {
    let reply = client.change(names, change, options).await;
    reply.map_err(|stop| match stop {
        Stop::Failed(f) if names.is_empty() && f.error.kind == ErrorKind::NoSuchAdapter => {
            Failure::new(ErrorKind::NoSuchAdapter, "no adapter is managed yet, and none is named")
                .hint("name one (`rssctl set NAME ...`), and it will be; `rssctl get` lists them")
                .into()
        }
        other => other,
    })
}

/// The adapters as they are now, as `rssctl get` shows them.
async fn pass_thru(c: &mut Context<'_, '_>, client: &Client, reply: &ApplyRecord) -> Result<(), Stop> {
    let names: Vec<String> = reply.adapters.iter().map(|p| p.name.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let found = client.adapters(&names, &ListOptions::default()).await?;
    adapters::show(c, found, names.len() == 1, None)
}

/// Plans in full.
pub(super) fn plans(c: &mut Context<'_, '_>, reply: &ApplyRecord) -> Result<(), Stop> {
    if structured(c, reply)? {
        failures(c, reply);
        return Ok(());
    }
    let paint = c.terminal.paint;
    let texts: Vec<String> = reply.adapters.iter().map(|p| render::plan(p, paint)).collect();
    c.terminal.print(&texts.join("\n"))?;
    failures(c, reply);
    Ok(())
}

/// What was applied, a line an adapter; nothing with `--quiet`.
fn results(c: &mut Context<'_, '_>, reply: &ApplyRecord, change: &Change) -> Result<(), Stop> {
    if !structured(c, reply)? && !c.global.quiet {
        let paint = c.terminal.paint;
        let good = reply.adapters.iter().filter(|p| p.error.is_none());
        let asked = |field: &str| matches!(change, Change::Apply(settings) if settings.contains_key(field));
        let text: String = good.map(|p| render::applied(p, asked, paint)).collect();
        c.terminal.print(&text)?;
    }
    failures(c, reply);
    Ok(())
}

/// Says how a change is kept that goes back otherwise.
pub(super) fn waits(c: &mut Context<'_, '_>, checkpoint: Option<u64>, args: &ApplyArgs) {
    if let (Some(id), Some(time)) = (checkpoint, &args.confirm_within) {
        c.terminal.note(&format!(
            "checkpoint {id}: this goes back in {time} unless it is confirmed: rssctl checkpoint commit {id}"
        ));
    }
}

/// What was taken back, a line an adapter.
pub(super) fn taken_back(c: &mut Context<'_, '_>, reply: &ApplyRecord) -> Result<(), Stop> {
    results(c, reply, &Change::Reset)
}

/// Prints the reply in the structured format or the names that were asked for; `false` when it is for people.
fn structured(c: &mut Context<'_, '_>, reply: &ApplyRecord) -> Result<bool, Stop> {
    let text = match (c.form(), c.output()) {
        (Some(structured::Form::Jsonl), _) => {
            structured::adapters(reply.adapters.clone(), structured::Form::Jsonl)?
        }
        (Some(form), _) => structured::record(reply.clone(), form)?,
        (None, Some(crate::cli::Output::Name)) => {
            reply.adapters.iter().fold(String::new(), |out, p| out + &p.name + "\n")
        }
        (None, _) => return Ok(false),
    };
    c.terminal.print(&text)?;
    Ok(true)
}

/// The failures of single adapters, each with the name of its adapter.
fn failures(c: &mut Context<'_, '_>, reply: &ApplyRecord) {
    for (name, error) in reply.adapters.iter().filter_map(|p| Some((&p.name, p.error.as_ref()?))) {
        c.note(&Failure::new(error.kind, text::about(name, &error.message)));
    }
}
