//! The options of `rssctl set`, made from the table of all settings.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use rssmgr_core::field::{FIELDS, Field, FieldInfo};

/// Settings as typed, in the order of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingArgs {
    /// Each setting given, with its text.
    pub given: Vec<(Field, String)>,
}

impl SettingArgs {
    /// Whether none is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }
}

fn arg(row: &'static FieldInfo) -> Arg {
    let windows: Vec<&str> = row.powershell.iter().map(|p| p.name).collect();
    let windows =
        if windows.is_empty() { String::new() } else { format!(" [PowerShell: -{}]", windows.join(", -")) };
    Arg::new(row.key)
        .long(row.flag)
        .value_name(row.value_name)
        .help(row.help)
        .long_help(format!("{}\n\nAllowed: {}. Default: {}.{windows}", row.help, row.allowed, row.default))
        .help_heading("Settings")
        .action(ArgAction::Set)
        // So that `--queues -3` is told what is allowed, instead of being taken for an option.
        .allow_negative_numbers(true)
}

impl Args for SettingArgs {
    fn augment_args(cmd: Command) -> Command {
        cmd.args(FIELDS.iter().map(arg))
    }

    fn augment_args_for_update(cmd: Command) -> Command {
        Self::augment_args(cmd)
    }
}

impl FromArgMatches for SettingArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = FIELDS
            .iter()
            .filter_map(|row| Some((row.field, matches.get_one::<String>(row.key)?.clone())))
            .collect();
        Ok(Self { given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.given.extend(Self::from_arg_matches(matches)?.given);
        Ok(())
    }
}
