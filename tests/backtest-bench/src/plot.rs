//! The curve: what finding more costs in false isolations.

use crate::measured::{Measured, OfSetting};
use crate::setting::Sweep;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::io;

const SIZE: (u32, u32) = (860, 520);
const INK: RGBColor = RGBColor(0x3B, 0x42, 0x4B);
const GRID: RGBColor = RGBColor(0xDD, 0xDF, 0xE2);
const TARGET: RGBColor = RGBColor(0x1D, 0x7A, 0x46);
/// By attack: 1 and 5 MB/s.
const COLORS: [RGBColor; 2] = [RGBColor(0x1F, 0x5F, 0xBF), RGBColor(0xC6, 0x28, 0x1C)];
/// None false has no place on a logarithmic axis: it stands at the left edge.
const NONE: f64 = 0.03;
const MOST: f64 = 300.0;
const LEAST_RECALL: f64 = 0.5;
const TARGET_FALSE: f64 = 0.1;

pub fn curve(measured: &Measured) -> io::Result<String> {
    let mut svg = String::new();
    draw(measured, &mut svg).map_err(|error| io::Error::other(format!("the curve can't be drawn: {error}")))?;
    Ok(svg)
}

type Error = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

fn draw(measured: &Measured, svg: &mut String) -> Result<(), Error> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d((NONE..MOST).log_scale(), LEAST_RECALL..1.0)?;
    let text = |size: f64| ("sans-serif", size).into_font().color(&INK);
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(GRID)
        .label_style(text(14.0))
        .x_desc("false isolations a 1,000 instance-days (the left edge is none)")
        .y_desc("found of the injected attacks of 60 minutes")
        .x_label_formatter(&|x| if *x <= NONE * 1.01 { "0".to_owned() } else { format!("{x}") })
        .y_label_formatter(&|y| format!("{y:.2}"))
        .draw()?;
    chart
        .draw_series([PathElement::new([(TARGET_FALSE, LEAST_RECALL), (TARGET_FALSE, 1.0)], TARGET.stroke_width(1))])?;
    let legend = ("sans-serif", 14.0).into_font().color(&TARGET).pos(Pos::new(HPos::Left, VPos::Bottom));
    chart.draw_series([Text::new("at most 0.1 is wanted", (TARGET_FALSE * 1.08, LEAST_RECALL + 0.01), legend)])?;
    for (attack, color) in COLORS.into_iter().enumerate() {
        for (sweep, name) in [(Sweep::Novelty, "novelty"), (Sweep::Steadiness, "steadiness")] {
            let swept = swept(measured, sweep);
            let points: Vec<_> = swept.iter().filter_map(|one| place(one, attack)).collect();
            let is_first = sweep == Sweep::Novelty;
            let style = if is_first { color.stroke_width(2) } else { color.mix(0.45).stroke_width(2) };
            let label = format!("{} MB/s, {name} swept", if attack == 0 { 1 } else { 5 });
            chart
                .draw_series([PathElement::new(points.clone(), style)])?
                .label(label)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style));
            chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, style.color.filled())))?;
            // One of both attacks' lines is enough to read the values from.
            if attack == 0 {
                let side = if is_first { VPos::Bottom } else { VPos::Top };
                let of_value = ("sans-serif", 12.0).into_font().color(&style.color).pos(Pos::new(HPos::Center, side));
                let shift = if is_first { 0.008 } else { -0.012 };
                chart.draw_series(swept.iter().filter_map(|one| {
                    let (x, y) = place(one, attack)?;
                    Some(Text::new(one.value.to_string(), (x, y + shift), of_value.clone()))
                }))?;
            }
        }
        let default = measured.settings.iter().find(|one| one.sweep == Sweep::Defaults);
        let at: Vec<_> = default.and_then(|one| place(one, attack)).into_iter().collect();
        chart.draw_series(at.iter().map(|point| Circle::new(*point, 7, color.stroke_width(3))))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .border_style(GRID)
        .background_style(WHITE)
        .label_font(text(14.0))
        .draw()?;
    area.present()
}

/// The sweep with the defaults, which lie on both, in the order of its figure.
fn swept(measured: &Measured, sweep: Sweep) -> Vec<OfSetting> {
    let mut swept: Vec<_> = measured.settings.iter().filter(|one| one.sweep == sweep).cloned().collect();
    if let Some(default) = measured.settings.iter().find(|one| one.sweep == Sweep::Defaults) {
        let value = if sweep == Sweep::Novelty { default.value } else { crate::setting::DEFAULT_STEADINESS };
        swept.push(OfSetting { value, ..default.clone() });
    }
    swept.sort_by(|a, b| a.value.total_cmp(&b.value));
    swept
}

fn place(one: &OfSetting, attack: usize) -> Option<(f64, f64)> {
    let x = one.all.false_per_1000_instance_days?.clamp(NONE, MOST);
    Some((x, one.all.recall(attack)?.max(LEAST_RECALL)))
}
