//! The plot of the instance's traffic with its anomaly band and its peers, as SVG for the page.
//!
//! Drawn twice, for wide and for narrow screens, since text in a drawing that is scaled down can't be read. Foreign
//! text is not drawn: names stand in the page around it. The colours in the drawing are keys: the page's style gives
//! each its colour, by day and by night.

mod draw;
mod frame;
mod thin;

use crate::traffic::Traffic;
use crate::{Report, ReportError, figures, summary, times};
use frame::Frame;
use time::OffsetDateTime;

/// More than these make a plot that nobody can read, and a page that nobody can send.
const MOST_PEERS: usize = 20;
const WIDE: (u32, u32) = (760, 340);
const NARROW: (u32, u32) = (360, 300);

#[derive(Debug)]
pub(crate) struct Plot {
    /// The axis' unit: `MB`.
    pub unit: String,
    pub title: String,
    pub description: String,
    pub drawings: Vec<Drawing>,
    pub has_band: bool,
    pub peers_drawn: usize,
    /// What the drawing leaves out on purpose.
    pub left_out: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Drawing {
    /// The class that the style shows it by, and what tells the ids of its title and description apart.
    pub class: &'static str,
    pub width: u32,
    pub height: u32,
    pub svg: String,
}

/// A moment that the plot marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub at: OffsetDateTime,
    pub name: &'static str,
}

/// `None` where there is nothing to draw; what is missing is said by [`figures::shortcomings`].
pub(crate) fn plot(report: &Report<'_>) -> Result<Option<Plot>, ReportError> {
    let Some(traffic) = report.traffic else { return Ok(None) };
    let marks = marks(report, traffic);
    let Some(frame) = Frame::of(traffic, &marks) else { return Ok(None) };
    let drawn = |class, size| {
        draw::draw(traffic, &frame, size)
            .map(|svg| Drawing { class, width: size.0, height: size.1, svg })
            .map_err(|error| ReportError::Plot(error.to_string()))
    };
    Ok(Some(Plot {
        unit: frame.scale.unit.clone(),
        title: format!("{} of the instance, {}", traffic.metric, frame.days()),
        description: description(report, traffic, &frame),
        drawings: vec![drawn("wide", WIDE)?, drawn("narrow", NARROW)?],
        has_band: !frame.band.is_empty(),
        peers_drawn: frame.peers.len(),
        left_out: left_out(traffic, &frame, &marks),
    }))
}

fn marks(report: &Report<'_>, traffic: &Traffic) -> Vec<Mark> {
    let incident = report.incident;
    let alarm = traffic.alarm.map(|window| window.from).or(incident.transitioned_at);
    [("alarm", alarm), ("isolated", incident.isolated_at), ("stopped", incident.severed_at)]
        .into_iter()
        .filter_map(|(name, at)| at.map(|at| Mark { at, name }))
        .collect()
}

/// The plot for those who can't see it.
fn description(report: &Report<'_>, traffic: &Traffic, frame: &Frame) -> String {
    let mut told = vec![format!("From {} to {}.", times::moment(frame.from), times::moment(frame.until))];
    let start = summary::start(report.incident);
    told.extend(figures::figures(traffic, start).map(|figures| figures.sentence(traffic)));
    told.extend(frame.marks.iter().map(|mark| format!("Marked {} at {} UTC.", mark.name, times::clock(mark.at))));
    told.extend(figures::shortcomings(traffic, start));
    told.join(" ")
}

fn left_out(traffic: &Traffic, frame: &Frame, marks: &[Mark]) -> Vec<String> {
    let mut told = Vec::new();
    for mark in marks.iter().filter(|mark| !frame.marks.contains(mark)) {
        told.push(format!("{} at {} lies outside the plot.", mark.name, times::moment(mark.at)));
    }
    if traffic.peers.len() > MOST_PEERS {
        told.push(format!("Of {} peers the first {MOST_PEERS} are drawn.", traffic.peers.len()));
    }
    told
}
