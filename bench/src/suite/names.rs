//! What the candidates are called: in tables, in JSON lines, and where budgets look for them.

/// A hello world on `lambda_http`.
pub const FLOOR: &str = "floor";
/// A hello world on a plain socket.
pub const FLOOR_RAW: &str = "floor-raw";
/// GET /users/me/ with the users in memory.
pub const USERS_ME: &str = "users-me";
/// The same with the users in DynamoDB.
pub const USERS_ME_DYNAMODB: &str = "users-me on DynamoDB";
/// The same, with the CPU share of little memory for the first request.
pub const USERS_ME_SHARE: &str = "users-me on DynamoDB, CPU share";
/// POST /token with the users in DynamoDB, and the default limits of logins.
pub const TOKEN_DYNAMODB: &str = "token on DynamoDB";
/// Stands before the kinds of logins whose requests to DynamoDB are counted.
pub const LOGINS: &str = "login on DynamoDB: ";
/// The right password, from an address that the account knows.
pub const KNOWN: &str = "right password, known address";
/// Refused before its password is looked at.
pub const LIMITED: &str = "refused, too many have failed";
/// Stands before the kinds of refused logins whose time is measured.
pub const REFUSALS: &str = "refused login: ";
/// Stands before the names of the candidates of an older build.
pub const BEFORE: &str = "before: ";
/// Stands before the names of the candidates of the peer.
pub const PEER: &str = "FastAPI: ";

/// KiB, passes and lanes of argon2id.
pub type Parameters = [u32; 3];
/// This project's default: the least that OWASP recommends.
pub const OWASP: Parameters = [19_456, 2, 1];
/// The default of pwdlib, which FastAPI's page uses.
pub const FASTAPI: Parameters = [65_536, 3, 4];

/// POST /token with the users in memory, their hashes made with these parameters.
#[must_use]
pub fn token(parameters: Parameters) -> String {
    format!("token {}", text(parameters))
}

/// One argon2id hash with these parameters and nothing else; `wiped` also clears its memory.
#[must_use]
pub fn argon2(parameters: Parameters, wiped: bool) -> String {
    let wiped = if wiped { " wiped" } else { "" };
    format!("argon2 {}{wiped}", text(parameters))
}

/// Argon2id's parameters, as they stand in names.
pub(super) fn text([kib, passes, lanes]: Parameters) -> String {
    format!("m={kib} t={passes} p={lanes}")
}
