//! What a shell completes, and the manual: both made from the command line's own description.

use crate::arguments::Arguments;
use crate::exit::{Exit, Failed};
use clap::CommandFactory;
use clap_complete::Shell;
use std::fs;
use std::path::Path;

pub(crate) fn completions(shell: Shell) -> (String, Exit) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "cordon", &mut script);
    (String::from_utf8_lossy(&script).trim_end().to_owned(), Exit::Done)
}

/// One page for the command and one for each of its commands, named as `man` finds them: `cordon-evidence-verify.1`.
pub(crate) fn pages(folder: &Path) -> Result<(String, Exit), Failed> {
    let unwritten = |error| Failed::Other(format!("{} cannot be written: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(unwritten)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(unwritten)?;
    Ok((format!("Written to {}. Begin with cordon.1.", folder.display()), Exit::Done))
}

#[cfg(test)]
mod tests {
    use crate::arguments::Arguments;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_and_every_argument_says_what_it_is() {
        fn silent(command: &clap::Command, found: &mut Vec<String>) {
            if command.get_about().is_none() {
                found.push(command.get_name().to_owned());
            }
            let arguments = command.get_arguments().filter(|one| one.get_help().is_none());
            found.extend(arguments.map(|one| format!("{} {}", command.get_name(), one.get_id())));
            command.get_subcommands().for_each(|part| silent(part, found));
        }
        let mut found = Vec::new();
        silent(&Arguments::command(), &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
