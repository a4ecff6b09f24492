//! What is printed once the service answers.

use super::functions::Variables;

/// Says how to try the service; after a save, that it is there again.
pub fn say(port: u16, variables: &Variables, first: bool) {
    let url = format!("http://127.0.0.1:{port}");
    if !first {
        println!("make dev: ready again");
        return;
    }
    let value = |name: &str| variables.get(name).map_or("", String::as_str);
    println!();
    let algorithm = value("JWT_ALGORITHM");
    if !["", "HS256"].contains(&algorithm) {
        println!(
            "Tokens are signed with {algorithm}; anybody can verify them by {url}/.well-known/jwks.json\n"
        );
    }
    if value("USER_STORE") == "memory" {
        println!(
            "Users and sessions are in memory: a save ends sessions, and forgets failed logins and logouts.\n"
        );
    }
    println!(
        "Ready on {url}; Ctrl-C ends it. In a browser: {url}/docs, as johndoe / secret. Or try:\n\n  \
         TOKEN=$(curl -s {url}/token -d 'username=johndoe&password=secret&scope=me items' | sed 's/.*\"access_token\":\"\\([^\"]*\\).*/\\1/')\n  \
         curl -i {url}/users/me/items/ -H \"Authorization: Bearer $TOKEN\"\n"
    );
}
