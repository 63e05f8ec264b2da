//! An account as AWS shows it now, for what is otherwise read from files.

use crate::exit::{Failed, explained};
use engine::{AccountFiles, read_account};
use ports::{ErrorKind, PortError, Section};
use signal::Region;
use std::io::{IsTerminal, Write};

/// Reads with the environment's credentials.
pub(crate) async fn read(sections: &[Section]) -> Result<AccountFiles, Failed> {
    let clients = aws_adapters::connect().await;
    let Some(region) = clients.region() else {
        return Err(Failed::Usage(
            "no Region is set, and no --authorization-details FILE is given; set AWS_REGION or a Region in the profile"
                .to_owned(),
        ));
    };
    let region: Region = region.parse().map_err(|error| Failed::Usage(format!("the Region: {error}")))?;
    let (reader, clock) = (aws_adapters::access_reader(&clients), aws_adapters::clock());
    let is_shown = std::io::stderr().is_terminal();
    let told = |section: Section, page: u32| {
        if is_shown {
            let _ = write!(std::io::stderr(), "\r\u{1b}[Kreading {}, page {}", section.name(), page + 1);
        }
    };
    let read = read_account(reader.as_ref(), clock.as_ref(), &region, sections, told).await;
    if is_shown {
        let _ = write!(std::io::stderr(), "\r\u{1b}[K");
    }
    read.map_err(|error| Failed::Unchecked(advised(&error)))
}

/// Nobody needs the stack to read an account: who may not is told what that takes.
fn advised(error: &PortError) -> String {
    match error.kind {
        ErrorKind::Denied => format!(
            "{error}; your credentials may have expired (sign in again), or lack one of the reading permissions of \
             infra/policies/audit-access.json; with --authorization-details FILE an audit needs none"
        ),
        _ => explained(error),
    }
}
