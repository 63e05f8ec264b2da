//! The curve: what finding more costs in false isolations, a panel for each figure that is swept.

use crate::measured::{Measured, OfSetting};
use crate::setting::{DEFAULT_STEADINESS, Sweep};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::io;

const SIZE: (u32, u32) = (980, 470);
const INK: RGBColor = RGBColor(0x3B, 0x42, 0x4B);
const GRID: RGBColor = RGBColor(0xDD, 0xDF, 0xE2);
const WANTED: RGBColor = RGBColor(0x1D, 0x7A, 0x46);
/// An attack of the bench by its place, how its line is called, its colour, and what is wanted of it.
const LINES: [(usize, &str, RGBColor, f64); 2] =
    [(0, "1 MB/s", RGBColor(0x1F, 0x5F, 0xBF), 0.9), (1, "5 MB/s", RGBColor(0xC6, 0x28, 0x1C), 0.95)];
const PANELS: [(Sweep, &str); 2] = [
    (Sweep::Novelty, "how many times more than ever is new (4)"),
    (Sweep::Steadiness, "how many times the least the most may be (1.15)"),
];
/// None false has no place on a logarithmic axis: it stands at the left edge.
const NONE: f64 = 0.02;
const WANTED_FALSE: f64 = 0.1;

pub fn curve(measured: &Measured) -> io::Result<String> {
    let mut svg = String::new();
    draw(measured, &mut svg).map_err(|error| io::Error::other(format!("the curve can't be drawn: {error}")))?;
    Ok(svg)
}

type Error = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

fn draw(measured: &Measured, svg: &mut String) -> Result<(), Error> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (most, least) = reach(measured);
    for (panel, (sweep, title)) in area.split_evenly((1, PANELS.len())).iter().zip(PANELS) {
        draw_panel(measured, panel, sweep, title, (most, least))?;
    }
    area.present()
}

/// The most that is false and the least that is found, rounded to what an axis may end at.
fn reach(measured: &Measured) -> (f64, f64) {
    let swept = || PANELS.into_iter().flat_map(|(sweep, _)| swept(measured, sweep));
    let most = swept().filter_map(|one| one.all.false_per_1000_instance_days).fold(1.0, f64::max);
    let found = swept().flat_map(|one| LINES.map(|(attack, ..)| one.all.recall(attack)));
    let least = found.flatten().fold(0.9, f64::min);
    (10_f64.powf(most.log10().ceil()), ((least - 0.01) * 20.0).floor() / 20.0)
}

fn draw_panel(
    measured: &Measured,
    panel: &DrawingArea<SVGBackend<'_>, Shift>,
    sweep: Sweep,
    title: &str,
    (most, least): (f64, f64),
) -> Result<(), Error> {
    let text = |size: f64, color: &RGBColor| ("sans-serif", size).into_font().color(color);
    let mut chart = ChartBuilder::on(panel)
        .caption(title, text(15.0, &INK))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(52)
        .build_cartesian_2d((NONE..most).log_scale(), least..1.0)?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(GRID)
        .label_style(text(13.0, &INK))
        .x_desc("false isolations a 1,000 instance-days (left edge: none)")
        .y_desc("found of the injected attacks")
        .y_labels(8)
        .x_label_formatter(&|x| format!("{x}"))
        .y_label_formatter(&|y| format!("{y:.2}"))
        .draw()?;
    chart.draw_series([PathElement::new([(WANTED_FALSE, least), (WANTED_FALSE, 1.0)], WANTED.stroke_width(1))])?;
    let style = text(12.0, &WANTED).pos(Pos::new(HPos::Left, VPos::Bottom));
    chart.draw_series([Text::new("0.1 at most", (WANTED_FALSE * 1.08, least + 0.002), style)])?;
    let all = swept(measured, sweep);
    for (attack, name, color, wanted) in LINES {
        chart.draw_series([PathElement::new([(NONE, wanted), (most, wanted)], color.mix(0.35).stroke_width(1))])?;
        let style = text(12.0, &color).pos(Pos::new(HPos::Right, VPos::Top));
        chart.draw_series([Text::new(format!("at least {wanted:.2} of {name}"), (most, wanted), style)])?;
        let points: Vec<_> = all.iter().filter_map(|one| place(one, attack, most)).collect();
        chart
            .draw_series([PathElement::new(points.clone(), color.stroke_width(2))])?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color.stroke_width(2)));
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, color.filled())))?;
        let default = measured.settings.iter().find(|one| one.sweep == Sweep::Defaults);
        let default: Vec<_> = default.and_then(|one| place(one, attack, most)).into_iter().collect();
        chart.draw_series(default.iter().map(|point| Circle::new(*point, 7, color.stroke_width(2))))?;
    }
    let style = text(12.0, &INK).pos(Pos::new(HPos::Left, VPos::Top));
    chart.draw_series(
        labels(&all, most)
            .into_iter()
            .map(|(label, x, y)| EmptyElement::at((x, y)) + Text::new(label, (6, 2), style.clone())),
    )?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .border_style(GRID)
        .background_style(WHITE)
        .label_font(text(13.0, &INK))
        .draw()?;
    Ok(())
}

/// The swept figures at the lower line's points; those that lie close share a label.
fn labels(swept: &[OfSetting], most: f64) -> Vec<(String, f64, f64)> {
    let mut labels: Vec<(String, f64, f64)> = Vec::new();
    for one in swept {
        let Some((x, y)) = place(one, 0, most) else { continue };
        match labels.last_mut() {
            Some((label, before, high)) if (x / *before).ln().abs() < 0.25 && (y - *high).abs() < 0.003 => {
                label.push_str(&format!(", {}", one.value));
            }
            _ => labels.push((one.value.to_string(), x, y)),
        }
    }
    labels
}

/// The sweep with the defaults, which lie on every one, in the order of its figure.
fn swept(measured: &Measured, sweep: Sweep) -> Vec<OfSetting> {
    let mut swept: Vec<_> = measured.settings.iter().filter(|one| one.sweep == sweep).cloned().collect();
    if let Some(default) = measured.settings.iter().find(|one| one.sweep == Sweep::Defaults) {
        let value = if sweep == Sweep::Novelty { default.value } else { DEFAULT_STEADINESS };
        swept.push(OfSetting { value, ..default.clone() });
    }
    swept.sort_by(|a, b| a.value.total_cmp(&b.value));
    swept
}

fn place(one: &OfSetting, attack: usize, most: f64) -> Option<(f64, f64)> {
    Some((one.all.false_per_1000_instance_days?.clamp(NONE, most), one.all.recall(attack)?))
}
