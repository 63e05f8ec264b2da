//! Puts a frame's series onto SVG.

use super::frame::Frame;
use super::thin::{runs, thin};
use crate::traffic::{BandPoint, Point, Traffic};
use crate::{figures, times};
use notice::quantity::figure;
use plotters::coord::combinators::BindKeyPoints;
use plotters::coord::combinators::WithKeyPoints;
use plotters::coord::types::{RangedCoordf64, RangedCoordi64};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use time::{Duration, OffsetDateTime};

// Keys by which the page's style finds what to colour.
const INK: RGBColor = RGBColor(0x3B, 0x42, 0x4B);
const GRID: RGBColor = RGBColor(0xDD, 0xDF, 0xE2);
const OWN: RGBColor = RGBColor(0x1F, 0x5F, 0xBF);
const BAND: RGBColor = RGBColor(0xD3, 0xE1, 0xF3);
const PEER: RGBColor = RGBColor(0xA4, 0xAA, 0xB2);
const ALARM: RGBColor = RGBColor(0xC6, 0x28, 0x1C);
const ISOLATED: RGBColor = RGBColor(0x8A, 0x5A, 0x00);
const STOPPED: RGBColor = RGBColor(0x1D, 0x7A, 0x46);

const TEXT: f64 = 15.0;
/// One line of marks' names above the axes for each mark, so that close ones don't cover each other.
const MARK_ROW: i32 = 17;
/// More than the longest mark's name takes.
const NAME_WIDTH: i32 = 130;
const LABEL_EVERY: u32 = 90;
const Y_LABELS: usize = 5;

type Error = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;
type Time = WithKeyPoints<RangedCoordi64>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Time, RangedCoordf64>>;

pub(super) fn draw(traffic: &Traffic, frame: &Frame, size: (u32, u32)) -> Result<String, Error> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let rows = i32::try_from(frame.marks.len()).unwrap_or(0);
        let ticks = frame.ticks((size.0 / LABEL_EVERY) as usize);
        let mut chart = ChartBuilder::on(&area)
            .margin_top(rows * MARK_ROW + 8)
            .margin_right(16)
            .x_label_area_size(26)
            .y_label_area_size(44)
            .build_cartesian_2d((0..frame.width()).with_key_points(ticks), frame.lowest..frame.highest)?;
        alarm(&mut chart, frame)?;
        band(&mut chart, traffic, frame, size)?;
        axes(&mut chart, frame)?;
        for peer in &frame.peers {
            line(&mut chart, peer, traffic, frame, size, PEER.stroke_width(1))?;
        }
        line(&mut chart, &frame.points, traffic, frame, size, OWN.stroke_width(2))?;
        marks(&mut chart, &area, frame, size)?;
        area.present()?;
    }
    Ok(svg)
}

fn axes(chart: &mut Chart<'_, '_>, frame: &Frame) -> Result<(), Error> {
    let text = ("sans-serif", TEXT).into_font().color(&INK);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(GRID)
        .label_style(text)
        .y_labels(Y_LABELS)
        .x_label_formatter(&|x| frame.label(*x))
        .y_label_formatter(&|y| figure(*y))
        .draw()
}

fn alarm(chart: &mut Chart<'_, '_>, frame: &Frame) -> Result<(), Error> {
    let Some((from, until)) = frame.alarm else { return Ok(()) };
    let corners = [(frame.x(from), frame.lowest), (frame.x(until), frame.highest)];
    chart.draw_series([Rectangle::new(corners, ALARM.mix(0.08).filled())])?;
    Ok(())
}

fn band(chart: &mut Chart<'_, '_>, traffic: &Traffic, frame: &Frame, size: (u32, u32)) -> Result<(), Error> {
    let column = |point: &BandPoint| column(frame, point.at, size);
    let thinned = thin(&frame.band, column, |point| point.lower, |point| point.upper);
    for run in runs(&thinned, |point| point.at, |a, b| is_gap(traffic, frame, a, b, size)) {
        let upper = run.iter().map(|point| (frame.x(point.at), frame.y(point.upper)));
        let lower = run.iter().rev().map(|point| (frame.x(point.at), frame.y(point.lower)));
        chart.draw_series([Polygon::new(upper.chain(lower).collect::<Vec<_>>(), BAND)])?;
    }
    Ok(())
}

fn line(
    chart: &mut Chart<'_, '_>,
    points: &[Point],
    traffic: &Traffic,
    frame: &Frame,
    size: (u32, u32),
    style: ShapeStyle,
) -> Result<(), Error> {
    let thinned = thin(points, |point| column(frame, point.at, size), |point| point.value, |point| point.value);
    for run in runs(&thinned, |point| point.at, |a, b| is_gap(traffic, frame, a, b, size)) {
        let place = |point: &Point| (frame.x(point.at), frame.y(point.value));
        match run {
            // A line through one point can't be seen.
            [alone] => {
                chart.draw_series([Circle::new(place(alone), style.stroke_width + 1, style.color.filled())])?;
            }
            _ => {
                chart.draw_series([PathElement::new(run.iter().map(place).collect::<Vec<_>>(), style)])?;
            }
        }
    }
    Ok(())
}

/// Each name has a row of its own, so that close ones don't cover each other. Names on the left of their lines stand
/// the latest on top: then no line runs through the name of another.
fn marks(
    chart: &mut Chart<'_, '_>,
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    frame: &Frame,
    (width, _): (u32, u32),
) -> Result<(), Error> {
    let feet: Vec<_> = frame.marks.iter().map(|mark| chart.backend_coord(&(frame.x(mark.at), frame.lowest))).collect();
    let all_left = feet.iter().all(|foot| foot.0 > NAME_WIDTH);
    let middle = i32::try_from(width / 2).unwrap_or(i32::MAX);
    for (index, (mark, foot)) in frame.marks.iter().zip(&feet).enumerate() {
        let color = match mark.name {
            "isolated" => ISOLATED,
            "stopped" => STOPPED,
            _ => ALARM,
        };
        let row = if all_left { frame.marks.len() - index } else { index + 1 };
        let head = (foot.0, i32::try_from(row).unwrap_or(0) * MARK_ROW);
        area.draw(&PathElement::new([head, *foot], color.stroke_width(2)))?;
        let is_left = all_left || foot.0 > middle;
        let (side, offset) = if is_left { (HPos::Right, -6) } else { (HPos::Left, 6) };
        let style = ("sans-serif", TEXT).into_font().color(&color).pos(Pos::new(side, VPos::Center));
        area.draw(&Text::new(
            format!("{} {}", mark.name, times::minute(mark.at)),
            (head.0 + offset, head.1 - 3),
            style,
        ))?;
    }
    Ok(())
}

fn column(frame: &Frame, at: OffsetDateTime, (width, _): (u32, u32)) -> i64 {
    frame.x(at).saturating_mul(i64::from(width)) / frame.width().max(1)
}

/// A gap narrower than two columns can't be seen, and would cost an element of the drawing each.
fn is_gap(traffic: &Traffic, frame: &Frame, a: OffsetDateTime, b: OffsetDateTime, (width, _): (u32, u32)) -> bool {
    let two_columns = Duration::milliseconds(frame.width() / i64::from(width) * 2);
    times::between(a, b) > figures::gap(traffic.period()).max(two_columns)
}
