//! Every kind of request on DynamoDB.

use anyhow::Result;

use super::{HEAVY, LIGHT, Suite, events};
use crate::function::Running;
use crate::measure::{Candidate, Effort};
use crate::seed::{self, ORIGINAL};
use crate::store::Store;

/// The variables that switch sessions and clients on.
pub(super) const ON: [(&str, &str); 2] = [("REFRESH_IDLE_DAYS", "30"), ("CLIENTS", "check")];
/// The effort for one process, and the events that it gets.
const SINGLE: Effort = (1, 40);
const USED: usize = SINGLE.0 + SINGLE.1 / 10 + SINGLE.1;
/// The client of events/clients.json that has a secret.
const CLIENT: &str = "client_id=c_example&client_secret=cs_for-development-only";
const REFRESH: &str = "grant_type=refresh_token&refresh_token=";

/// The variables for this many failures of an account before its logins wait.
const fn limit(failures: &'static str) -> [(&'static str, &'static str); 2] {
    let address = ("LOGIN_FAILURES_PER_ADDRESS", "1000");
    [("LOGIN_FAILURES_PER_ACCOUNT", failures), address]
}

impl Suite {
    /// The store and the candidates of a round. A new store each round keeps sessions from piling up; each kind has
    /// a user of its own.
    pub async fn kinds(&self, round: usize) -> Result<(Store, Vec<Candidate>)> {
        let store = self.small(round).await?;
        let on = |name| anyhow::Ok(self.on(&store, name)?.with(&ON));
        let (plain, login, read) = (self.on(&store, "Token")?, on("Token")?, on("UsersMe")?);
        let (patient, strict) = (plain.with(&limit("1000")), plain.with(&limit("1")));
        let mut running = Running::start(&login.program).await?;
        let tokens = running.log_in(ORIGINAL).await?;
        // More sessions than a user may have, so that each login has some to end.
        seed::sessions(&store.direct, 2..3, 115).await?;
        // The account knows the address from now on.
        running.log_in("user00003").await?;
        let wrong = events::login("user00003", "wrong", 400)?;
        // The first failure makes the others wait.
        let mut limited = vec![events::login("user00004", "wrong", 429)?; USED];
        limited[0].1 = 400;
        let token = |form: &str| events::form("/token", form, 200);
        let replayed = token(&format!("{REFRESH}{}", tokens.refresh))?;
        let client = token(&format!("grant_type=client_credentials&{CLIENT}"))?;
        let (mut refreshes, mut revocations) = (Vec::new(), Vec::new());
        for _ in 0..USED {
            let refresh = running.log_in("user00005").await?.refresh;
            refreshes.push(token(&format!("{REFRESH}{refresh}"))?);
            let ends = running.log_in("user00006").await?.refresh;
            revocations.push(events::form("/revoke", &format!("token={ends}"), 200)?);
        }
        let asked = format!("{CLIENT}&token={}", tokens.access);
        let asked = events::form("/introspect", &asked, 200)?;
        let get = events::bearing("users-me", &tokens.access)?;
        let routed = events::bearing("authorizer", &tokens.access)?;
        let checking = read.with(&[("TOKEN_CHECK", "session")]);
        let right = |name| events::login(name, "secret", 200);
        let kinds = vec![
            login.getting("replayed", SINGLE, [replayed]),
            plain.getting("login", HEAVY, [right("user00007")?]),
            login.getting("login-session", SINGLE, [right("user00008")?]),
            login.getting("login-bound", SINGLE, [right("user00002")?]),
            patient.getting("login-wrong", SINGLE, [wrong]),
            strict.getting("login-limited", SINGLE, limited),
            login.getting("refresh", SINGLE, refreshes),
            login.getting("client", SINGLE, [client]),
            on("Revoke")?.getting("revoke", SINGLE, revocations),
            on("Introspect")?.getting("introspect", SINGLE, [asked]),
            read.getting("read-dynamodb", LIGHT, [get.clone()]),
            checking.getting("read-session", SINGLE, [get]),
            on("Authorizer")?.getting("authorizer", LIGHT, [routed]),
        ];
        Ok((store, kinds))
    }
}
