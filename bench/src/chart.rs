//! The chart for the README: this project against the other programs.

use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::number;
use crate::results::Results;

const SIZE: (u32, u32) = (720, 540);
const OURS: RGBColor = RGBColor(194, 65, 12);
const THEIRS: RGBColor = RGBColor(139, 148, 158);
const FONT: (&str, u32) = ("sans-serif", 13);
/// The range of x: names left of 0, bars up to 1, numbers right of the bars.
const SIDES: std::ops::Range<f64> = -0.4..1.2;

/// The label of each program (ours begin with "this") and its name in the suite.
type Programs = [(&'static str, &'static str)];

const READS: [(&str, &str); 6] = [
    ("this project", "read"),
    ("this project, ES256", "read-es256"),
    ("FastAPI", "fastapi-read"),
    ("OpenAuth, ES256", "openauth-verify"),
    ("better-auth", "better-auth-read"),
    ("Node.js, hello world", "node-hello"),
];
const LOGINS: [(&str, &str); 5] = [
    ("this project, argon2id", "login-memory"),
    ("OpenAuth, scrypt", "openauth-login"),
    ("better-auth, scrypt", "better-auth-login"),
    ("this, FastAPI's argon2id", "login-fastapi"),
    ("FastAPI, argon2id", "fastapi-login"),
];
/// The title, the figure, its unit.
const PANELS: [(&str, &str, &str, &Programs); 3] = [
    ("Process start to first answer", "cold", "ms", &READS),
    ("CPU of a warm protected GET", "cpu", "µs", &READS),
    ("CPU of a login, own hash each", "cpu", "µs", &LOGINS),
];

/// Draws the programs that were measured.
pub fn svg(results: &Results) -> Result<String> {
    let mut svg = String::new();
    let whole = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    whole.fill(&WHITE)?;
    let areas = whole.split_evenly((PANELS.len(), 1));
    for (area, (title, figure, unit, programs)) in areas.iter().zip(PANELS) {
        let bar = |(label, name): &(_, &_)| Some((*label, results.median(figure, name)?));
        let bars: Vec<_> = programs.iter().filter_map(bar).collect();
        draw(area, title, unit, &bars)?;
    }
    whole.present()?;
    drop((areas, whole));
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw(area: &Area<'_>, title: &str, unit: &str, bars: &[(&str, f64)]) -> Result<()> {
    let longest = bars.iter().map(|(_, value)| *value).fold(1e-9, f64::max);
    let mut bottom = f64::from(u32::try_from(bars.len())?);
    let mut chart = ChartBuilder::on(area);
    let chart = chart.caption(title, ("sans-serif", 15)).margin(8);
    let mut chart = chart.build_cartesian_2d(SIDES, 0.0..bottom.max(1.0))?;
    let anchor = Pos::new(HPos::Left, VPos::Center);
    let style = FONT.into_font().color(&BLACK).pos(anchor);
    for (label, value) in bars {
        bottom -= 1.0;
        let ours = label.starts_with("this");
        let color = if ours { OURS } else { THEIRS }.filled();
        let length = value / longest;
        let bar = Rectangle::new([(0.0, bottom + 0.1), (length, bottom + 0.9)], color);
        chart.draw_series([bar])?;
        let number = format!("{} {unit}", number(*value));
        for (text, at) in [((*label).to_owned(), SIDES.start), (number, length + 0.01)] {
            chart.draw_series([Text::new(text, (at, bottom + 0.5), style.clone())])?;
        }
    }
    Ok(())
}
