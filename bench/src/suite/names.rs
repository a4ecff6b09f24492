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
/// The first of these two with a ring of keys in the same table, in the place of a shared key.
pub const USERS_ME_RING: &str = "users-me on DynamoDB, RS256";
/// And the second.
pub const USERS_ME_RING_SHARE: &str = "users-me on DynamoDB, RS256, CPU share";
/// POST /token with the users in DynamoDB, and the default limits of logins.
pub const TOKEN_DYNAMODB: &str = "token on DynamoDB";
/// The same with the ring of private keys in a second table.
pub const TOKEN_RING: &str = "token on DynamoDB, RS256";
/// Stands before the kinds of logins whose requests to DynamoDB are counted.
pub const LOGINS: &str = "login on DynamoDB: ";
/// The authorizer asked about a request to a route, with the users in memory.
pub const AUTHORIZER: &str = "authorizer";
/// The same with the users in DynamoDB.
pub const AUTHORIZER_DYNAMODB: &str = "authorizer on DynamoDB";
/// GET /openapi.json.
pub const OPENAPI: &str = "openapi";
/// GET /docs.
pub const DOCS: &str = "docs";
/// Stands before the kinds of requests about sessions and clients.
pub const SESSIONS: &str = "session on DynamoDB: ";
/// GET /users/me/, measured as the requests about sessions are.
pub const VERIFIED: &str = "GET /users/me/";
/// A refresh token for the next.
pub const REFRESH: &str = "a refresh";
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
/// A hello world in Node.js.
pub const NODE_HELLO: &str = "Node.js: hello";
/// GET /users/me with the client of `OpenAuth`.
pub const OPENAUTH_VERIFY: &str = "OpenAuth: verify ES256";
/// POST /token of `OpenAuth`'s issuer with a refresh token.
pub const OPENAUTH_REFRESH: &str = "OpenAuth: refresh ES256";
/// POST /token of `OpenAuth`'s issuer; N, r and p of its scrypt.
pub const OPENAUTH_LOGIN: &str = "OpenAuth: login, scrypt N=16384 r=8 p=1";
/// GET /users/me with a session of better-auth.
pub const BETTER_AUTH_SESSION: &str = "better-auth: session";
/// A sign-in of better-auth; N, r and p of its scrypt.
pub const BETTER_AUTH_LOGIN: &str = "better-auth: sign-in, scrypt N=16384 r=16 p=1";

/// The algorithm of a key that is shared.
pub const HS256: &str = "HS256";
/// The algorithm of the rings on DynamoDB, and of a ring for which nothing else is said.
pub const RS256: &str = "RS256";
/// The algorithms of rings.
pub const OF_RINGS: [&str; 3] = [RS256, "ES256", "EdDSA"];

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

/// POST /token with a hash that costs next to nothing, its tokens signed by this algorithm.
#[must_use]
pub fn token_by(algorithm: &str) -> String {
    format!("token {algorithm}")
}

/// GET /users/me/ with the users in memory and a token of this algorithm.
#[must_use]
pub fn users_me_by(algorithm: &str) -> String {
    match algorithm {
        HS256 => USERS_ME.to_owned(),
        _ => format!("{USERS_ME} {algorithm}"),
    }
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
