//! What the commands do, a file each.

mod adapters;
mod change;
mod checkpoint;
mod config;
mod doctor;
mod events;
mod flow;
mod generate;
mod global;
mod hash;
mod plan;
mod socket;
mod softnic;
mod stats;
mod table;
mod verify;
mod vmq;
mod vport;
mod wait;
mod why;

use crate::cli::{Cli, Command, ConfigCommand, Global, GlobalCommand, Output, TableCommand};
use crate::client::{Client, Intent};
use crate::exit::{Failure, Outcome, Stop};
use crate::render::structured::Form;
use crate::terminal::Terminal;

/// What every command gets.
pub(crate) struct Context<'a, 't> {
    global: &'a Global,
    terminal: &'a mut Terminal<'t>,
    outcome: Outcome,
}

impl Context<'_, '_> {
    /// The format asked for.
    const fn output(&self) -> Option<Output> {
        self.global.output
    }

    /// The structured format, when one is asked for.
    fn form(&self) -> Option<Form> {
        Form::of(self.global.output?)
    }

    /// Refuses `-o name` where no adapters are listed; `forms` are what `command` has instead.
    fn no_names(&self, command: &str, forms: &str) -> Result<(), Failure> {
        match self.output() {
            Some(Output::Name) => Err(Failure::usage(format!(
                "`-o name` lists names of adapters, and `{command}` is about one that is named: write -o {forms}"
            ))),
            _ => Ok(()),
        }
    }

    /// A connection to the daemon.
    async fn client(&mut self, intent: Intent) -> Result<Client, Stop> {
        Client::connect(self.global.address.as_deref(), intent, self.terminal).await
    }

    /// A failure that does not stop the command.
    fn note(&mut self, failure: &Failure) {
        self.terminal.fail(failure);
        self.outcome.note(failure.error.kind);
    }
}

/// Runs a command.
///
/// # Errors
/// What stopped it; failures that did not are in the outcome.
pub fn run(cli: &Cli, terminal: &mut Terminal<'_>) -> Result<Outcome, Stop> {
    let mut context = Context { global: &cli.global, terminal, outcome: Outcome::default() };
    let c = &mut context;
    match &cli.command {
        Command::Hash(args) => hash::run(c, args)?,
        Command::Generate(args) => generate::run(c, args)?,
        Command::Doctor(args) if args.sysroot.is_some() => doctor::offline(c, args)?,
        Command::Plan(args) if args.adapter.is_some() => plan::offline(c, args)?,
        command => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|e| Failure::new(rssmgr_proto::ErrorKind::Failed, format!("no event loop: {e}")))?;
            runtime.block_on(online(c, command))?;
        }
    }
    Ok(context.outcome)
}

async fn online(c: &mut Context<'_, '_>, command: &Command) -> Result<(), Stop> {
    match command {
        Command::Get(args) => adapters::get(c, args).await,
        Command::Encapsulation(args) => adapters::encapsulation(c, args).await,
        Command::Set(args) => change::set(c, args).await,
        Command::Enable(args) => change::switch(c, args, true).await,
        Command::Disable(args) => change::switch(c, args, false).await,
        Command::Reset(args) => change::reset(c, args).await,
        Command::Release(args) => change::release(c, args).await,
        Command::Restart(args) => change::restart(c, args).await,
        Command::Checkpoint(command) => checkpoint::run(c, command).await,
        Command::Plan(args) => plan::run(c, args).await,
        Command::Why(args) => why::run(c, args).await,
        Command::Table(TableCommand::Get { name }) => table::get(c, name).await,
        Command::Table(TableCommand::Set(args)) => table::set(c, args).await,
        Command::Table(TableCommand::Move(args)) => table::shift(c, args).await,
        Command::VPort(command) => vport::run(c, command).await,
        Command::Vmq(command) => vmq::run(c, command).await,
        Command::Flow(args) => flow::run(c, args).await,
        Command::Socket(args) => socket::run(c, args).await,
        Command::Verify(args) => verify::run(c, args).await,
        Command::Stats(args) => stats::run(c, args).await,
        Command::Softnic(command) => softnic::run(c, command).await,
        Command::Events(args) => events::run(c, args).await,
        Command::Wait(args) => wait::run(c, args).await,
        Command::Doctor(args) => doctor::run(c, args).await,
        Command::Config(ConfigCommand::Show { origin }) => config::show(c, *origin).await,
        Command::Config(ConfigCommand::Check { path }) => config::check(c, path.as_deref()).await,
        Command::Global(GlobalCommand::Get) => global::get(c).await,
        Command::Global(GlobalCommand::Set { rss }) => global::set(c, *rss).await,
        // These ran before anything was connected.
        Command::Hash(_) | Command::Generate(_) => Ok(()),
    }
}
