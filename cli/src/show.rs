//! `cordon show`: one incident on a terminal.

use crate::deployment::Deployment;
use crate::exit::{Exit, Failed};
use crate::told::{Beside, Told};

pub(crate) async fn run(deployment: &Deployment, id: &str, as_json: bool) -> Result<(String, Exit), Failed> {
    let settings = deployment.settings().await?;
    let told = Told::load(deployment, &settings, id).await?;
    let beside = Beside::default();
    let report = told.report(&beside);
    let text = if as_json {
        report::json(&report).map_err(|error| Failed::Other(error.to_string()))?
    } else {
        report::text(&report)
    };
    Ok((text.trim_end().to_owned(), Exit::Done))
}
