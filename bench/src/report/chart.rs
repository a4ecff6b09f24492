//! The chart for the README: this project against the peers, readable on light and dark pages.

use std::fmt::Write;

use super::Report;
use super::tables::number;
use crate::cost::{MEMORIES, Work};
use crate::results::Figure;
use crate::suite::{
    BETTER_AUTH_LOGIN, BETTER_AUTH_SESSION, FASTAPI, NODE_HELLO, OPENAUTH_LOGIN, OPENAUTH_VERIFY,
    OWASP, PEER, USERS_ME, token, users_me_by,
};

const WIDTH: f64 = 720.0;
const HEAD: f64 = 32.0;
const ROW: f64 = 28.0;
const GAP: f64 = 8.0;
const BAR: f64 = 22.0;
const LEFT: f64 = 130.0;
const LONGEST: f64 = 480.0;
const OURS: &str = "this project";
/// By the algorithm that a ring of keys and `OpenAuth` sign with.
const OURS_ES256: &str = "the same, ES256";

/// A comparison: a title, and a bar for this project and each peer that was measured.
struct Panel {
    title: &'static str,
    bars: Vec<(&'static str, f64)>,
    text: fn(f64) -> String,
}

/// The chart. If no peer was measured, it says so instead.
#[must_use]
pub fn svg(report: &Report) -> String {
    let panels = panels(report);
    let height = panels.iter().map(Panel::height).sum::<f64>() + 24.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         role=\"img\" aria-label=\"Cold start and cost against other programs on Lambda\">\n{STYLE}"
    );
    let mut top = 0.0;
    for panel in &panels {
        svg.push_str(&panel.draw(top));
        top += panel.height();
    }
    if panels.is_empty() {
        svg.push_str("<text x=\"10\" y=\"18\">No peer was measured.</text>\n");
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
    let cold = |name: &str| results.median(name, Figure::ColdMs);
    // Where no size is quick enough, the quickest.
    let dollars = |name: &str| {
        let work = Work::of(results, name)?;
        let cost = work
            .best()
            .or_else(|| work.cost(MEMORIES[MEMORIES.len() - 1]));
        Some(cost?.dollars)
    };
    let (es256, read) = (users_me_by("ES256"), format!("{PEER}{USERS_ME}"));
    let reads = [
        (OURS, USERS_ME),
        (OURS_ES256, &es256),
        ("FastAPI", &read),
        ("OpenAuth, ES256", OPENAUTH_VERIFY),
        ("better-auth", BETTER_AUTH_SESSION),
    ];
    let starts = [&reads[..], &[("Node.js, hello", NODE_HELLO)]].concat();
    let (login, peers) = (token(FASTAPI), format!("{PEER}{}", token(FASTAPI)));
    let logins = [(OURS, &*login), ("FastAPI", &*peers)];
    let login = token(OWASP);
    let scrypts = [
        (OURS, &*login),
        ("OpenAuth", OPENAUTH_LOGIN),
        ("better-auth", BETTER_AUTH_LOGIN),
    ];
    let ms = |value| format!("{} ms", number(value));
    let money = |value| format!("${value:.2}");
    let panels = [
        Panel {
            title: "Cold start: from the process's start to the first answer of a protected GET",
            bars: bars(&starts, cold),
            text: ms,
        },
        Panel {
            title: "A million logins, argon2id as FastAPI has it (computed)",
            bars: bars(&logins, dollars),
            text: money,
        },
        Panel {
            title: "A million logins, each with its own hash: argon2id here, scrypt there (computed)",
            bars: bars(&scrypts, dollars),
            text: money,
        },
        Panel {
            title: "A million verified requests (computed; $1.20 of it for gateway and requests)",
            bars: bars(&reads, dollars),
            text: money,
        },
    ];
    panels.into_iter().filter(Panel::compares).collect()
}

/// What was measured of these: labels and the names of candidates.
fn bars(
    names: &[(&'static str, &str)],
    value: impl Fn(&str) -> Option<f64>,
) -> Vec<(&'static str, f64)> {
    let measured = |(label, name): &(&'static str, &str)| Some((*label, value(name)?));
    names.iter().filter_map(measured).collect()
}

impl Panel {
    /// Is there this project, and a peer beside it?
    fn compares(&self) -> bool {
        self.bars.len() > 1 && self.bars[0].0 == OURS
    }

    fn height(&self) -> f64 {
        HEAD + ROW * crate::stats::from_usize(self.bars.len()) + GAP
    }

    fn draw(&self, top: f64) -> String {
        let title = top + 22.0;
        let mut svg = format!(
            "<text class=\"title\" x=\"10\" y=\"{title}\">{}</text>\n",
            self.title
        );
        let values = self.bars.iter().map(|(_, value)| *value);
        let longest = values.fold(0.0, f64::max);
        let mut y = top + HEAD;
        for (label, value) in &self.bars {
            let ours = [OURS, OURS_ES256].contains(label);
            let class = if ours { "ours" } else { "peers" };
            let width = (value / longest * LONGEST).max(1.0);
            let (baseline, end, text) = (y + 16.0, LEFT + width + 8.0, (self.text)(*value));
            // Writing to a string does not fail.
            let _written = writeln!(
                svg,
                "<text x=\"10\" y=\"{baseline}\">{label}</text>\
                 <rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\"/>\
                 <text x=\"{end:.1}\" y=\"{baseline}\">{text}</text>"
            );
            y += ROW;
        }
        svg
    }
}
