//! The tables of the algorithms that sign tokens: what each costs, and what INIT costs with a ring.

use super::tables::{aligned, number};
use crate::results::{Figure, Results};
use crate::suite::{
    HS256, OF_RINGS, TOKEN_DYNAMODB, TOKEN_RING, USERS_ME_DYNAMODB, USERS_ME_RING, token_by,
    users_me_by,
};

/// What it costs to sign and to verify by each algorithm, above HS256.
pub fn costs(results: &Results) -> String {
    let head = [
        "algorithm",
        "signing, CPU µs more",
        "verifying, CPU µs more",
        "x",
        "token bytes",
        "p50 µs",
    ];
    let algorithms = [HS256].into_iter().chain(OF_RINGS);
    let rows = algorithms.filter_map(|algorithm| cost(results, algorithm));
    aligned(&head, &rows.collect::<Vec<_>>())
}

fn cost(results: &Results, algorithm: &str) -> Option<Vec<String>> {
    let [signs, verifies] = [token_by(algorithm), users_me_by(algorithm)];
    let [shared_signs, shared_verifies] = [token_by(HS256), users_me_by(HS256)];
    let cpu = Figure::CpuUs;
    Some(vec![
        algorithm.to_owned(),
        number(results.difference(&signs, &shared_signs, cpu)?),
        number(results.difference(&verifies, &shared_verifies, cpu)?),
        number(results.ratio(&verifies, &shared_verifies, cpu)?),
        format!("{:.0}", results.median(&signs, Figure::TokenBytes)?),
        number(results.median(&verifies, Figure::WarmP50Us)?),
    ])
}

/// INIT on DynamoDB with the shared key, and with a ring.
pub fn inits(results: &Results) -> String {
    let head = ["", "INIT requests", "init ms", "x", "first request ms"];
    let pairs = [
        (USERS_ME_DYNAMODB, USERS_ME_DYNAMODB),
        (USERS_ME_RING, USERS_ME_DYNAMODB),
        (TOKEN_DYNAMODB, TOKEN_DYNAMODB),
        (TOKEN_RING, TOKEN_DYNAMODB),
    ];
    let rows = pairs
        .iter()
        .filter_map(|(name, shared)| init(results, name, shared));
    aligned(&head, &rows.collect::<Vec<_>>())
}

fn init(results: &Results, name: &str, shared: &str) -> Option<Vec<String>> {
    let requests = results.median(name, Figure::InitRequests)?;
    Some(vec![
        name.to_owned(),
        format!("{requests}"),
        number(results.median(name, Figure::InitMs)?),
        number(results.ratio(name, shared, Figure::InitMs)?),
        number(results.median(name, Figure::FirstRequestMs)?),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(table: &'a str, name: &str) -> Vec<&'a str> {
        let rows = table.lines().map(|row| row.trim_matches('|').split('|'));
        let mut rows = rows.map(|row| row.map(str::trim).collect::<Vec<_>>());
        rows.find(|cells| cells[0] == name).unwrap_or_default()
    }

    #[test]
    fn an_algorithm_is_compared_with_hs256() {
        let mut results = Results::default();
        for (name, cpu) in [
            ("token HS256", 100.0),
            ("token RS256", 900.0),
            ("users-me", 80.0),
            ("users-me RS256", 120.0),
            ("token EdDSA", 150.0),
        ] {
            let figures = [
                (Figure::CpuUs, cpu),
                (Figure::WarmP50Us, cpu + 1.0),
                (Figure::TokenBytes, cpu / 2.0),
            ];
            results.add(name, figures.to_vec());
        }
        let table = costs(&results);
        assert_eq!(
            row(&table, "HS256"),
            ["HS256", "0.00", "0.00", "1.00", "50", "81.0"]
        );
        assert_eq!(
            row(&table, "RS256"),
            ["RS256", "800", "40.0", "1.50", "450", "121"]
        );
        assert!(row(&table, "EdDSA").is_empty(), "nothing has verified it");
    }

    #[test]
    fn an_init_is_compared_with_that_of_the_shared_key() {
        let mut results = Results::default();
        for (name, init, requests) in [
            (USERS_ME_DYNAMODB, 10.0, 1.0),
            (USERS_ME_RING, 11.0, 1.0),
            (TOKEN_DYNAMODB, 20.0, 1.0),
            (TOKEN_RING, 30.0, 2.0),
        ] {
            let figures = [
                (Figure::InitMs, init),
                (Figure::InitRequests, requests),
                (Figure::FirstRequestMs, 2.0),
            ];
            results.add(name, figures.to_vec());
        }
        let table = inits(&results);
        let cells = |name| row(&table, name)[1..].to_vec();
        assert_eq!(cells(USERS_ME_DYNAMODB), ["1", "10.0", "1.00", "2.00"]);
        assert_eq!(cells(USERS_ME_RING), ["1", "11.0", "1.10", "2.00"]);
        assert_eq!(cells(TOKEN_RING), ["2", "30.0", "1.50", "2.00"]);
    }
}
