//! The chart for the README: this project against the peer, readable on light and dark pages.

use std::fmt::Write;

use super::Report;
use super::tables::number;
use crate::cost::Work;
use crate::results::Figure;
use crate::suite::{FASTAPI, PEER, USERS_ME, token};

const WIDTH: f64 = 720.0;
const PANEL: f64 = 96.0;
const BAR: f64 = 22.0;
const LEFT: f64 = 130.0;
const LONGEST: f64 = 480.0;

/// A comparison: a title and two bars.
struct Panel {
    title: &'static str,
    ours: f64,
    peers: f64,
    text: fn(f64) -> String,
}

/// The chart. If the peer was not measured, it says so instead.
#[must_use]
pub fn svg(report: &Report) -> String {
    let panels = panels(report);
    let height = PANEL * crate::stats::from_usize(panels.len()) + 24.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         role=\"img\" aria-label=\"Cold start and cost against FastAPI on Lambda\">\n{STYLE}"
    );
    for (index, panel) in panels.iter().enumerate() {
        svg.push_str(&panel.draw(PANEL * crate::stats::from_usize(index)));
    }
    if panels.is_empty() {
        svg.push_str("<text x=\"10\" y=\"18\">The peer was not measured.</text>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

const STYLE: &str = "<style>\n\
text { font: 13px system-ui, sans-serif; fill: #1f2328; }\n\
.title { font-weight: 600; }\n\
.ours { fill: #c2410c; }\n\
.peers { fill: #8b949e; }\n\
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .ours { fill: #fb923c; } .peers { fill: #6e7681; } }\n\
</style>\n";

fn panels(report: &Report) -> Vec<Panel> {
    let results = &report.results;
    let cold = |set: &str| results.median(&format!("{set}{USERS_ME}"), Figure::ColdMs);
    let dollars = |set: &str, name: &str| {
        let work = Work::of(results, &format!("{set}{name}"))?;
        Some(work.best()?.dollars)
    };
    let login = token(FASTAPI);
    let panel = |title, ours: Option<f64>, peers: Option<f64>, text| {
        Some(Panel {
            title,
            ours: ours?,
            peers: peers?,
            text,
        })
    };
    let ms = |value| format!("{} ms", number(value));
    let money = |value| format!("${value:.2}");
    [
        panel(
            "Cold start: from the process's start to the first answer",
            cold(""),
            cold(PEER),
            ms as fn(f64) -> String,
        ),
        panel(
            "A million logins, argon2id as FastAPI has it (computed)",
            dollars("", &login),
            dollars(PEER, &login),
            money,
        ),
        panel(
            "A million verified requests (computed; $1.20 of it for gateway and requests)",
            dollars("", USERS_ME),
            dollars(PEER, USERS_ME),
            money,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Panel {
    fn draw(&self, top: f64) -> String {
        let mut svg = format!(
            "<text class=\"title\" x=\"10\" y=\"{}\">{}</text>\n",
            top + 22.0,
            self.title
        );
        let longest = self.ours.max(self.peers);
        let bars = [
            ("this project", "ours", self.ours),
            ("FastAPI", "peers", self.peers),
        ];
        for ((label, class, value), y) in bars.into_iter().zip([top + 32.0, top + 60.0]) {
            let width = (value / longest * LONGEST).max(1.0);
            let (baseline, end, text) = (y + 16.0, LEFT + width + 8.0, (self.text)(value));
            // Writing to a string does not fail.
            let _written = writeln!(
                svg,
                "<text x=\"10\" y=\"{baseline}\">{label}</text>\
                 <rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\"/>\
                 <text x=\"{end:.1}\" y=\"{baseline}\">{text}</text>"
            );
        }
        svg
    }
}
