//! Limits for the figures. A ratio compares with the floor or a peer of the same run.

use crate::results::{Figure, Results};
use crate::suite::{
    BEFORE, DOCS, FASTAPI, FLOOR, FLOOR_RAW, KNOWN, LIMITED, LOGINS, OPENAPI, OPENAUTH_REFRESH,
    OPENAUTH_VERIFY, OWASP, PEER, Parameters, REFRESH, REFUSALS, RS256, SESSIONS, USERS_ME,
    USERS_ME_DYNAMODB, USERS_ME_RING, USERS_ME_RING_SHARE, USERS_ME_SHARE, VERIFIED, argon2, token,
    users_me_by,
};

/// A limit, and what was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// What is limited.
    pub name: String,
    /// At most, or at least.
    pub limit: Limit,
    /// What stands after the number: `x`, `MiB`, ...
    pub unit: &'static str,
    /// `None` if it was not measured in this run.
    pub value: Option<f64>,
}

/// Which side of a number is good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Up to this.
    AtMost(f64),
    /// From this.
    AtLeast(f64),
}

impl Budget {
    /// `None` if it was not measured in this run.
    #[must_use]
    pub fn is_met(&self) -> Option<bool> {
        let value = self.value?;
        Some(match self.limit {
            Limit::AtMost(limit) => value <= limit,
            Limit::AtLeast(limit) => value >= limit,
        })
    }
}

/// All budgets of the candidates whose names begin with `set`; it is "" for the functions as they
/// are now.
#[must_use]
pub fn budgets(results: &Results, set: &str) -> Vec<Budget> {
    let of = Of { results, set };
    let mut budgets = vec![
        at_most(
            "init, users in memory",
            1.25,
            "x floor",
            of.to_floor(USERS_ME, Figure::InitMs),
        ),
        at_most(
            "init, users in DynamoDB, before the connection is opened",
            2.2,
            "x floor",
            of.connect_to_floor(),
        ),
        at_most(
            "init, /openapi.json",
            1.2,
            "x floor",
            of.to_floor(OPENAPI, Figure::InitMs),
        ),
        at_most(
            "init, /docs",
            1.2,
            "x floor",
            of.to_floor(DOCS, Figure::InitMs),
        ),
        at_most(
            "GET /users/me/ warm, p50",
            1.25,
            "x floor",
            of.to_floor(USERS_ME, Figure::WarmP50Us),
        ),
        at_most(
            "GET /users/me/ warm, CPU",
            1.25,
            "x floor",
            of.to_floor(USERS_ME, Figure::CpuUs),
        ),
        at_most(
            "peak memory, users in memory",
            4.5,
            "MiB",
            of.median(USERS_ME, Figure::PeakMib),
        ),
        at_most(
            "memory that 300,000 requests leave behind",
            0.25,
            "MiB",
            of.median(USERS_ME, Figure::GrowthMib),
        ),
        at_most(
            "peak memory, users in DynamoDB",
            9.0,
            "MiB",
            of.median(USERS_ME_DYNAMODB, Figure::PeakMib),
        ),
        at_most(
            "binary without the AWS SDK",
            2.0,
            "MiB",
            of.mib(&["NotFoundFunction"]),
        ),
        at_most(
            "largest binary with the AWS SDK",
            6.6,
            "MiB",
            of.mib(&WITH_SDK),
        ),
    ];
    for parameters in [OWASP, FASTAPI] {
        budgets.extend([false, true].map(|wiped| of.above_argon2(parameters, wiped)));
    }
    budgets.push(at_most(
        "first request of a cold function on DynamoDB at the CPU share of 128 MB",
        15.0,
        "ms",
        of.median(USERS_ME_SHARE, Figure::FirstRequestMs),
    ));
    budgets.extend(of.rings());
    budgets.extend(of.logins());
    budgets.extend(of.sessions());
    budgets.extend(of.against_the_peer());
    budgets.extend(of.against_openauth());
    budgets
}

const WITH_SDK: [&str; 4] = [
    "TokenFunction",
    "UsersMeFunction",
    "UsersMeItemsFunction",
    "StatusFunction",
];

struct Of<'a> {
    results: &'a Results,
    set: &'a str,
}

impl Of<'_> {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.set)
    }

    fn median(&self, name: &str, figure: Figure) -> Option<f64> {
        self.results.median(&self.name(name), figure)
    }

    fn to_floor(&self, name: &str, figure: Figure) -> Option<f64> {
        self.results.ratio(&self.name(name), FLOOR, figure)
    }

    fn connect_to_floor(&self) -> Option<f64> {
        let ours = self.median(USERS_ME_DYNAMODB, Figure::InitToConnectMs)?;
        Some(ours / self.results.median(FLOOR, Figure::InitMs)?)
    }

    /// The size of the largest of these binaries.
    fn mib(&self, functions: &[&str]) -> Option<f64> {
        let sizes = functions
            .iter()
            .filter_map(|name| self.median(name, Figure::SizeKib));
        sizes.reduce(f64::max).map(|kib| kib / 1024.0)
    }

    fn above_argon2(&self, parameters: Parameters, wiped: bool) -> Budget {
        let name = format!("POST /token CPU above {}", argon2(parameters, wiped));
        at_most(
            &name,
            3.0,
            "%",
            self.percent_above_argon2(parameters, wiped),
        )
    }

    /// The reference also receives and answers an event, which is not argon2: what the raw floor
    /// needs for that is subtracted.
    fn percent_above_argon2(&self, parameters: Parameters, wiped: bool) -> Option<f64> {
        let cpu = |name: &str| self.results.samples(name, Figure::CpuUs);
        let login = self.name(&token(parameters));
        let reference = argon2(parameters, wiped);
        let rounds = cpu(&login).iter().zip(cpu(&reference)).zip(cpu(FLOOR_RAW));
        let above = rounds.map(|((login, reference), raw)| {
            let alone = reference - raw;
            (login - alone) / alone * 100.0
        });
        crate::stats::median(&above.collect::<Vec<_>>())
    }

    fn rings(&self) -> [Budget; 5] {
        let [ring, shared] = [USERS_ME_RING, USERS_ME_DYNAMODB].map(|name| self.name(name));
        let before = format!("{BEFORE}{USERS_ME_DYNAMODB}");
        let verifies = self.name(&users_me_by(RS256));
        let init_to = |other: &str| self.results.ratio(&ring, other, Figure::InitMs);
        [
            at_most(
                "first request of a cold function on DynamoDB at the CPU share of 128 MB, RS256",
                15.0,
                "ms",
                self.median(USERS_ME_RING_SHARE, Figure::FirstRequestMs),
            ),
            at_most(
                "verifying RS256 with the public ring, CPU of GET /users/me/",
                1.6,
                "x HS256",
                self.results
                    .ratio(&verifies, &self.name(USERS_ME), Figure::CpuUs),
            ),
            at_most(
                "INIT with the ring from DynamoDB, requests",
                0.0,
                "more",
                self.results
                    .difference(&ring, &shared, Figure::InitRequests),
            ),
            at_most(
                "INIT with the ring from DynamoDB",
                1.05,
                "x HS256",
                init_to(&shared),
            ),
            at_most(
                "INIT with the ring from DynamoDB, against the older build",
                1.05,
                "x its HS256",
                init_to(&before),
            ),
        ]
    }

    fn logins(&self) -> [Budget; 3] {
        let counted = |kind: &str, figure| self.median(&format!("{LOGINS}{kind}"), figure);
        [
            at_most(
                "a login on DynamoDB, right password from a known address",
                2.0,
                "requests",
                counted(KNOWN, Figure::StoreRequests),
            ),
            at_most(
                "a login on DynamoDB, refused because too many have failed",
                0.0,
                "write units",
                counted(LIMITED, Figure::WriteUnits),
            ),
            at_most(
                "CPU of refused logins, the slowest kind",
                1.05,
                "x the quickest",
                self.slowest_to_quickest(),
            ),
        ]
    }

    fn sessions(&self) -> [Budget; 2] {
        let [refresh, read] =
            [REFRESH, VERIFIED].map(|kind| self.name(&format!("{SESSIONS}{kind}")));
        [
            at_most(
                "a refresh on DynamoDB",
                2.0,
                "requests",
                self.results.median(&refresh, Figure::StoreRequests),
            ),
            // Its signature, by HS256, costs next to nothing.
            at_most(
                "a refresh on DynamoDB, CPU",
                1.3,
                "x GET /users/me/ there",
                self.results.ratio(&refresh, &read, Figure::CpuUs),
            ),
        ]
    }

    fn against_openauth(&self) -> [Budget; 2] {
        let (read, refresh) = (users_me_by("ES256"), format!("{SESSIONS}{REFRESH}"));
        [
            ("a verified request by ES256", OPENAUTH_VERIFY, read),
            ("a refresh", OPENAUTH_REFRESH, refresh),
        ]
        .map(|(what, theirs, ours)| Budget {
            name: format!("OpenAuth: {what}, CPU"),
            limit: Limit::AtLeast(4.0),
            unit: "x better",
            value: self.results.ratio(theirs, &self.name(&ours), Figure::CpuUs),
        })
    }

    fn slowest_to_quickest(&self) -> Option<f64> {
        let refusals = self.name(REFUSALS);
        let measured = self.results.measured.iter();
        let kinds = measured.filter(|measured| measured.name.starts_with(&refusals));
        let medians = kinds.filter_map(|kind| Some(kind.summary(Figure::CpuUs)?.median));
        let medians: Vec<f64> = medians.collect();
        let all = crate::stats::summary(&medians)?;
        Some(all.max / all.min)
    }

    fn against_the_peer(&self) -> [Budget; 3] {
        let better = |name: &str, figure| {
            let peer = format!("{PEER}{name}");
            self.results.ratio(&peer, &self.name(name), figure)
        };
        let login = token(FASTAPI);
        [
            (
                "cold start to the first answer, GET /users/me/",
                150.0,
                better(USERS_ME, Figure::ColdMs),
            ),
            (
                "GET /users/me/ warm, p50",
                4.0,
                better(USERS_ME, Figure::WarmP50Us),
            ),
            (
                "POST /token CPU, argon2 as FastAPI has it",
                1.6,
                better(&login, Figure::CpuUs),
            ),
        ]
        .map(|(name, limit, value)| Budget {
            name: format!("FastAPI on Lambda: {name}"),
            limit: Limit::AtLeast(limit),
            unit: "x better",
            value,
        })
    }
}

fn at_most(name: &str, limit: f64, unit: &'static str, value: Option<f64>) -> Budget {
    Budget {
        name: name.to_owned(),
        limit: Limit::AtMost(limit),
        unit,
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(results: &Results, name: &str) -> Option<f64> {
        let all = budgets(results, "");
        let found = all.iter().find(|budget| budget.name.starts_with(name));
        found.unwrap().value
    }

    fn assert_values(results: &Results, expected: &[(&str, f64)]) {
        for (name, expected) in expected {
            assert_eq!(value(results, name), Some(*expected), "{name}");
        }
    }

    #[test]
    fn nothing_measured_is_neither_met_nor_missed() {
        let all = budgets(&Results::default(), "");
        assert!(
            all.iter().all(|budget| budget.is_met().is_none()),
            "{all:?}"
        );
    }

    #[test]
    fn a_limit_is_met_at_its_value_and_on_its_good_side() {
        let budget = |limit| Budget {
            limit,
            ..at_most("", 0.0, "", Some(2.0))
        };
        assert_eq!(budget(Limit::AtMost(2.0)).is_met(), Some(true));
        assert_eq!(budget(Limit::AtMost(1.9)).is_met(), Some(false));
        assert_eq!(budget(Limit::AtLeast(2.0)).is_met(), Some(true));
        assert_eq!(budget(Limit::AtLeast(2.1)).is_met(), Some(false));
    }

    #[test]
    fn ratios_are_against_floor_argon2_and_peer() {
        let mut results = Results::default();
        let add = |results: &mut Results, name: &str, figure, value| {
            results.add(name, vec![(figure, value)]);
        };
        add(&mut results, FLOOR, Figure::InitMs, 2.0);
        add(&mut results, USERS_ME, Figure::InitMs, 3.0);
        add(&mut results, FLOOR_RAW, Figure::CpuUs, 50.0);
        add(&mut results, &argon2(OWASP, false), Figure::CpuUs, 10_050.0);
        add(&mut results, &token(OWASP), Figure::CpuUs, 10_200.0);
        add(&mut results, &token(FASTAPI), Figure::CpuUs, 100.0);
        add(
            &mut results,
            "FastAPI: token m=65536 t=3 p=4",
            Figure::CpuUs,
            170.0,
        );
        for (kind, cpu) in [("unknown user", 10.0), ("wrong password", 12.0)] {
            add(
                &mut results,
                &format!("{REFUSALS}{kind}"),
                Figure::CpuUs,
                cpu,
            );
            add(
                &mut results,
                &format!("before: {REFUSALS}{kind}"),
                Figure::CpuUs,
                1.0,
            );
        }
        for function in WITH_SDK {
            add(&mut results, function, Figure::SizeKib, 1024.0);
        }
        add(&mut results, "StatusFunction", Figure::SizeKib, 1024.0);
        assert_eq!(value(&results, "init, users in memory"), Some(1.5));
        assert_eq!(
            value(&results, "POST /token CPU above argon2 m=19456"),
            Some(2.0)
        );
        assert_eq!(value(&results, "FastAPI on Lambda: POST /token"), Some(1.7));
        assert_eq!(value(&results, "CPU of refused logins"), Some(1.2));
        assert_eq!(value(&results, "largest binary"), Some(1.0));
    }

    #[test]
    fn a_refresh_is_against_a_verified_request_and_openauths() {
        let mut results = Results::default();
        for (name, cpu) in [
            ("session on DynamoDB: a refresh", 300.0),
            ("session on DynamoDB: GET /users/me/", 200.0),
            ("users-me ES256", 100.0),
            (OPENAUTH_VERIFY, 500.0),
            (OPENAUTH_REFRESH, 900.0),
        ] {
            results.add(name, vec![(Figure::CpuUs, cpu)]);
        }
        assert_values(
            &results,
            &[
                ("a refresh on DynamoDB, CPU", 1.5),
                ("OpenAuth: a verified request", 5.0),
                ("OpenAuth: a refresh", 3.0),
            ],
        );
    }

    #[test]
    fn a_ring_is_against_the_shared_key_of_the_same_build_and_of_the_older_one() {
        let mut results = Results::default();
        for (name, init, requests) in [
            (USERS_ME_DYNAMODB, 4.0, 1.0),
            ("before: users-me on DynamoDB", 3.0, 1.0),
            (USERS_ME_RING, 6.0, 3.0),
        ] {
            let figures = [(Figure::InitMs, init), (Figure::InitRequests, requests)];
            results.add(name, figures.to_vec());
        }
        for (name, cpu) in [
            (USERS_ME, 100.0),
            ("users-me RS256", 150.0),
            ("users-me ES256", 300.0),
        ] {
            results.add(name, vec![(Figure::CpuUs, cpu)]);
        }
        assert_values(
            &results,
            &[
                ("verifying RS256", 1.5),
                ("INIT with the ring from DynamoDB, requests", 2.0),
                ("INIT with the ring from DynamoDB, against", 2.0),
            ],
        );
        let all = budgets(&results, "");
        let mut all = all.iter();
        let init = all.find(|budget| budget.name == "INIT with the ring from DynamoDB");
        assert_eq!(init.and_then(|budget| budget.value), Some(1.5));
    }
}
