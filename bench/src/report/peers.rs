//! The table of the serverless peers: a protected GET and a login, theirs and ours.

use super::tables::{aligned, number};
use crate::results::{Figure, Results};
use crate::suite::{
    BETTER_AUTH_LOGIN, BETTER_AUTH_SESSION, NODE_HELLO, OPENAUTH_LOGIN, OPENAUTH_REFRESH,
    OPENAUTH_VERIFY, OWASP, PEER, REFRESH, SESSIONS, USERS_ME, token, users_me_by,
};

const FIGURES: [Figure; 4] = [
    Figure::InitMs,
    Figure::ColdMs,
    Figure::CpuUs,
    Figure::PeakMib,
];

/// A row for each peer below the function that it is compared with. Of a refresh of ours, only its CPU time is
/// measured.
pub fn peers(results: &Results) -> String {
    let head = [
        "",
        "init ms",
        "x",
        "cold ms",
        "x",
        "warm CPU µs",
        "x",
        "peak MiB",
        "x",
    ];
    let [fastapi_read, fastapi_login] =
        [USERS_ME, &token(OWASP)].map(|name| format!("{PEER}{name}"));
    let compared = [
        (
            USERS_ME.to_owned(),
            vec![&*fastapi_read, NODE_HELLO, BETTER_AUTH_SESSION],
        ),
        (users_me_by("ES256"), vec![OPENAUTH_VERIFY]),
        (format!("{SESSIONS}{REFRESH}"), vec![OPENAUTH_REFRESH]),
        (
            token(OWASP),
            vec![&*fastapi_login, OPENAUTH_LOGIN, BETTER_AUTH_LOGIN],
        ),
    ];
    let rows = compared.iter().flat_map(|(ours, peers)| {
        let names = [ours.as_str()].into_iter().chain(peers.iter().copied());
        names.filter_map(|name| row(results, name, ours))
    });
    aligned(&head, &rows.collect::<Vec<_>>())
}

fn row(results: &Results, name: &str, ours: &str) -> Option<Vec<String>> {
    results.median(name, Figure::CpuUs)?;
    let mut cells = vec![name.to_owned()];
    for figure in FIGURES {
        let figures = [
            results.median(name, figure),
            results.ratio(name, ours, figure),
        ];
        cells.extend(figures.map(|value| value.map_or_else(String::new, number)));
    }
    Some(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_compared_with_the_same_request_of_ours() {
        let mut results = Results::default();
        for (name, value) in [
            (USERS_ME.to_owned(), 1.0),
            (users_me_by("ES256"), 2.0),
            (token(OWASP), 5.0),
            (NODE_HELLO.to_owned(), 20.0),
            (OPENAUTH_VERIFY.to_owned(), 20.0),
            (OPENAUTH_LOGIN.to_owned(), 20.0),
        ] {
            results.add(&name, FIGURES.map(|figure| (figure, value)).to_vec());
        }
        let table = peers(&results);
        let ratio = |name: &str| {
            let row = table.lines().find(|row| row.contains(name))?;
            Some(row.split('|').nth(3)?.trim().to_owned())
        };
        assert_eq!(ratio(NODE_HELLO).as_deref(), Some("20.0"));
        assert_eq!(ratio(OPENAUTH_VERIFY).as_deref(), Some("10.0"));
        assert_eq!(ratio(OPENAUTH_LOGIN).as_deref(), Some("4.00"));
        assert_eq!(ratio(BETTER_AUTH_LOGIN), None, "it was not measured");
    }
}
