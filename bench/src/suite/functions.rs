//! This project's functions, in memory and on DynamoDB.

use std::fs;
use std::path::Path;

use super::{
    AUTHORIZER, AUTHORIZER_DYNAMODB, DOCS, ENVIRONMENT, FASTAPI, LOGIN, OPENAPI, OWASP, READ,
    Suite, TOKEN_DYNAMODB, USERS_ME, USERS_ME_DYNAMODB, USERS_ME_SHARE, Variables, bootstrap,
    bytes, candidate, effort, token, variables,
};
use crate::candidate::{Candidate, Effort};
use crate::dynamodb::{Server, TABLE, door};
use crate::error::{Context, Error};
use crate::measure::round;
use crate::results::Figure;
use crate::stats::from_u64;
use crate::tls::HOST;

/// The functions of a build, on DynamoDB.
pub(super) struct Functions<'a> {
    pub(super) login: &'a Candidate,
    pub(super) read: &'a Candidate,
    pub(super) revoke: &'a Candidate,
    pub(super) introspect: &'a Candidate,
}

impl Suite {
    /// Adds all functions of a build, with `set` before their names.
    pub(super) fn functions(&mut self, set: &str, folder: &Path) -> Result<(), Error> {
        for function in built(folder)? {
            let kib = from_u64(bytes(&bootstrap(folder, &function))?) / 1024.0;
            self.known
                .push((format!("{set}{function}"), Figure::SizeKib, kib));
        }
        let read = function(folder, "UsersMeFunction", READ, Effort::LIGHT)?;
        self.candidates.push(named(set, USERS_ME, read.clone()));
        // An older build may have none.
        if set.is_empty() {
            self.candidates
                .push(named("", AUTHORIZER, authorizer(folder)?));
        }
        for (name, program) in [(OPENAPI, "OpenapiFunction"), (DOCS, "DocsFunction")] {
            let event = format!("events/{name}.json");
            let file = function(folder, program, &event, Effort::COLD)?;
            self.candidates.push(named(set, name, file));
        }
        for parameters in [OWASP, FASTAPI] {
            let mut login = function(folder, "TokenFunction", LOGIN, effort(parameters))?;
            login.environment.extend(self.users(parameters)?);
            self.candidates.push(named(set, &token(parameters), login));
        }
        let login = function(folder, "TokenFunction", LOGIN, Effort::LOGIN)?;
        // An older build may know no rings.
        if set.is_empty() {
            self.algorithms(&read, &login)?;
        }
        self.refusals(set, &login)?;
        self.on_dynamodb(set, folder, &read, &login)
    }

    fn on_dynamodb(
        &mut self,
        set: &str,
        folder: &Path,
        read: &Candidate,
        login: &Candidate,
    ) -> Result<(), Error> {
        let Some(variables) = self.dynamodb_variables(set, read)? else {
            return Ok(());
        };
        let on_dynamodb = |candidate: &Candidate| {
            let mut candidate = candidate.clone();
            candidate.environment.extend(variables.clone());
            candidate.on_dynamodb = true;
            candidate
        };
        let (read, mut login) = (on_dynamodb(read), on_dynamodb(login));
        login
            .environment
            .retain(|(name, _)| !name.starts_with("LOGIN_FAILURES_"));
        self.candidates
            .push(named(set, USERS_ME_DYNAMODB, read.clone()));
        self.logins(set, &login)?;
        self.candidates
            .push(named(set, TOKEN_DYNAMODB, login.clone()));
        self.at_share(set, USERS_ME_SHARE, &read);
        // An older build may know neither.
        if set.is_empty() {
            let authorizer = on_dynamodb(&authorizer(folder)?);
            self.candidates
                .push(named("", AUTHORIZER_DYNAMODB, authorizer));
            self.ring_on_dynamodb(&read, &login)?;
            let another = |name| function(folder, name, LOGIN, Effort::LIGHT);
            self.sessions(&Functions {
                revoke: &on_dynamodb(&another("RevokeFunction")?),
                introspect: &on_dynamodb(&another("IntrospectFunction")?),
                login: &login,
                read: &read,
            })?;
        }
        Ok(())
    }

    /// Adds cold starts of this candidate, whose first request gets the CPU share of little memory.
    pub(super) fn at_share(&mut self, set: &str, name: &str, candidate: &Candidate) {
        if self.share.is_some() {
            let limited = Candidate {
                share: self.share.clone(),
                effort: Effort::COLD,
                ..candidate.clone()
            };
            self.candidates.push(named(set, name, limited));
        }
    }

    /// The variables for the local DynamoDB: over TLS if the function trusts a certificate that
    /// `SSL_CERT_FILE` names, else without.
    fn dynamodb_variables(
        &mut self,
        set: &str,
        read: &Candidate,
    ) -> Result<Option<Variables>, Error> {
        let Some(dynamodb) = &mut self.dynamodb else {
            return Ok(None);
        };
        let number = dynamodb.servers.len();
        let file = self.folder.path().join(format!("dynamodb-{number}.sqlite"));
        let server = Server::start(&dynamodb.program, &file)?;
        let certificate = self.folder.path().join("certificate.pem");
        fs::write(&certificate, &dynamodb.identity.pem).context("the certificate")?;
        let port = door(&server, Some(&dynamodb.identity), &dynamodb.watch)?;
        let mut tls = connection(&format!("https://{HOST}:{port}"));
        tls.push((
            "SSL_CERT_FILE".to_owned(),
            certificate.display().to_string(),
        ));
        let mut probe = read.clone();
        probe.environment.extend(tls.clone());
        probe.effort = Effort::COLD;
        if round(&probe, None).is_ok() {
            dynamodb.servers.push(server);
            return Ok(Some(tls));
        }
        let port = door(&server, None, &dynamodb.watch)?;
        dynamodb.servers.push(server);
        self.note(format!(
            "{set}DynamoDB is measured without TLS: the function trusts no certificate of ours"
        ));
        Ok(Some(connection(&format!("http://{HOST}:{port}"))))
    }
}

/// Every function of a build, as template.yaml calls it.
fn built(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = fs::read_dir(folder).context(folder.display().to_string())?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| bootstrap(folder, name).exists())
        .collect();
    names.sort_unstable();
    Ok(names)
}

fn authorizer(folder: &Path) -> Result<Candidate, Error> {
    let event = "events/authorizer.json";
    function(folder, "AuthorizerFunction", event, Effort::LIGHT)
}

fn function(folder: &Path, name: &str, event: &str, effort: Effort) -> Result<Candidate, Error> {
    let mut function = candidate(name, bootstrap(folder, name), event, effort)?;
    function.environment = variables(Path::new(ENVIRONMENT))?;
    Ok(function)
}

pub(super) fn named(set: &str, name: &str, candidate: Candidate) -> Candidate {
    Candidate {
        name: format!("{set}{name}"),
        ..candidate
    }
}

/// The variables that a deployed function has; the credentials are invented.
pub(super) fn connection(endpoint: &str) -> Variables {
    let variables = [
        ("USER_STORE", "dynamodb"),
        ("USERS_TABLE", TABLE),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
    ];
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}
