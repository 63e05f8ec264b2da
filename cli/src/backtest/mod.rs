//! `cordon backtest`: what the verifier would have isolated, when and why. Over files, or over CloudWatch's own history.

mod groups;
mod labels;
mod live;
mod series;
mod text;

use crate::arguments::{Backtest as Asked, Global};
use crate::deployment::Deployment;
use crate::exit::{Exit, Failed};
use detection::inject::Order;
use detection::results::Backtest;
use detection::thresholds::Thresholds;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

/// The rule's figures, and what to inject.
pub(super) struct Terms {
    figures: Thresholds,
    order: Option<Order>,
}

pub(crate) async fn run(global: &Global, asked: &Asked) -> Result<(String, Exit), Failed> {
    let terms = Terms { figures: figures(&asked.set)?, order: order(asked.inject.as_deref())? };
    let found = if asked.cloudwatch {
        let deployment = Deployment::new(global).await?;
        live::run(&deployment, asked, &terms).await?
    } else {
        over_files(asked, &terms)?
    };
    let lost: u64 = found.problems.values().map(detection::problems::Problems::lost).sum();
    for (file, problems) in &found.problems {
        problems.messages(file).for_each(|message| eprintln!("warning: {message}"));
    }
    let exit = if lost == 0 { Exit::Done } else { Exit::CouldNotCheck };
    let text = if global.json {
        serde_json::to_string(&found).map_err(|error| Failed::Other(format!("the result can't be written: {error}")))?
    } else {
        text::of(&found, terms.order.as_ref())
    };
    Ok((text, exit))
}

/// The figures that `NAME=VALUE` set otherwise, by the names that a group's tags have.
fn figures(set: &[String]) -> Result<Thresholds, Failed> {
    let mut tags = BTreeMap::new();
    for one in set {
        let (name, value) =
            one.split_once('=').ok_or_else(|| Failed::Usage(format!("--set {one}: write NAME=VALUE")))?;
        tags.insert(format!("cordon:detect-{name}"), value.to_owned());
    }
    Thresholds::from_tags(&tags).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Failed::Usage(format!("--set: {}", errors.join("; ")))
    })
}

fn order(inject: Option<&str>) -> Result<Option<Order>, Failed> {
    inject.map(str::parse).transpose().map_err(|error| Failed::Usage(format!("--inject: {error}")))
}

fn over_files(asked: &Asked, terms: &Terms) -> Result<Backtest, Failed> {
    let files = series::files(&asked.paths)?;
    let (groups, alone) = groups::sorted(&asked.group, files)?;
    let mut progress = Progress::of(alone.len() + groups.len());
    let mut found = Backtest::labelled(labels::of_file_if_any(asked.labels.as_deref())?);
    for group in &groups {
        groups::replay(group, terms, &mut found)?;
        progress.step();
    }
    for file in &alone {
        series::replay(file, terms, &mut found)?;
        progress.step();
    }
    Ok(found.finish())
}

/// A count on a terminal, and nothing in a pipe.
struct Progress {
    shown: bool,
    done: usize,
    of: usize,
}

impl Progress {
    fn of(of: usize) -> Self {
        Self { shown: std::io::stderr().is_terminal(), done: 0, of }
    }

    fn step(&mut self) {
        self.done += 1;
        if self.shown {
            let end = if self.done == self.of { "\n" } else { "" };
            let _ = write!(std::io::stderr(), "\r{} of {} replayed{end}", self.done, self.of);
        }
    }
}
