//! A user as a JSON line: what `export` writes and `import` reads.

use serde::{Deserialize, Serialize};
use shared::aws::record::{AccountRecord, UserRecord, stamp};
use shared::domain::accounts::password::{Capacity, PasswordHash};
use shared::domain::accounts::unicode;
use shared::domain::accounts::{Stamp, User, UserId, is_name};
use shared::domain::scope::Scopes;

use crate::output::sorted;
use crate::{catalogue, name};

/// A line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    password_hash: String,
    scopes: Vec<String>,
    #[serde(default)]
    disabled: bool,
    email: Option<String>,
    full_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

/// What was read from a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The user. A line without an id gives a new user a new one, or the name if an export has written it.
    pub account: AccountRecord,
    /// True if the line has an id.
    pub has_id: bool,
}

/// What a line must keep to.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The scopes that there are; `None` allows all.
    pub catalogue: Option<Scopes>,
    /// What the function can hash that is to verify the password.
    pub capacity: Capacity,
    /// True if the stamps of the file are read. Tokens and sessions from before the export are valid
    /// with them, also those that were ended since.
    pub keep_stamps: bool,
}

/// Reads a line of a file that keeps to the rules; the error says where in the line.
pub fn read(line: &[u8], rules: &Rules) -> Result<Read, String> {
    let mut line: Line =
        serde_json::from_slice(line.trim_ascii_end()).map_err(|error| place(&error))?;
    line.username = unicode::name(&line.username).into_owned();
    let name = &line.username;
    name::check(name).map_err(|error| error.to_string())?;
    if let Some(id) = line.id.as_deref().filter(|id| !is_name(id)) {
        return Err(format!("the id of {name:?}: {id:?} can be no id"));
    }
    let hash = PasswordHash::parse(&line.password_hash).map_err(|error| error.to_string());
    hash.and_then(|hash| {
        hash.check(rules.capacity)
            .map_err(|error| error.to_string())
    })
    .map_err(|error| format!("the password_hash of {name:?}: {error}"))?;
    let scopes = Scopes::from_list(&line.scopes).map_err(|error| error.to_string());
    let scopes = scopes
        .and_then(|scopes| catalogue::check(&scopes, rules.catalogue.as_ref()).map(|()| scopes));
    let scopes = scopes.map_err(|error| format!("the scopes of {name:?}: {error}"))?;
    let has_id = line.id.is_some();
    let id = match (&line.id, line.created) {
        (Some(id), _) => UserId::from(&**id),
        // An export of before there were ids: other services may know the user by the name.
        (None, Some(_)) => UserId::from(&*line.username),
        (None, None) => UserId::random(),
    };
    let user = User {
        id,
        username: line.username,
        scopes,
        disabled: line.disabled,
        email: line.email,
        full_name: line.full_name,
        stamp: line.stamp.filter(|_| rules.keep_stamps),
    };
    let account = AccountRecord {
        record: UserRecord {
            user,
            created: line.created,
            updated: line.updated,
            version: line.version,
        },
        password_hash: line.password_hash,
    };
    Ok(Read { account, has_id })
}

/// Writes a line, without its end.
pub fn write(account: &AccountRecord) -> Result<String, serde_json::Error> {
    let record = &account.record;
    let user = record.user.clone();
    serde_json::to_string(&Line {
        scopes: sorted(&user.scopes)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        username: user.username,
        id: Some(user.id.as_str().to_owned()),
        password_hash: account.password_hash.clone(),
        disabled: user.disabled,
        email: user.email,
        full_name: user.full_name,
        stamp: user.stamp,
        created: record.created,
        updated: record.updated,
        version: record.version,
    })
}

/// The names of the attributes in which a line differs from a user who is there. A line without a
/// stamp leaves the user's as it is.
#[must_use]
pub fn differences(line: &AccountRecord, there: &AccountRecord) -> Vec<&'static str> {
    let pairs = line.record.content().into_iter();
    let pairs = pairs.zip(there.record.content());
    let hash = (line.password_hash != there.password_hash).then_some("password_hash");
    let (ours, theirs) = (&line.record.user.stamp, &there.record.user.stamp);
    let stamps = ours
        .as_ref()
        .map(|_| (stamp(ours.as_ref()), stamp(theirs.as_ref())));
    let others = pairs
        .chain(stamps)
        .filter(|(ours, theirs)| ours != theirs)
        .map(|((name, _), _)| name);
    hash.into_iter().chain(others).collect()
}

/// Leaves out the line number of `serde_json`: it sees one line at a time and always says "line 1".
fn place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let problem = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(problem, _)| problem);
    format!("column {}: {problem}", error.column())
}

#[cfg(test)]
mod tests {
    use shared::aws::record::{CREDENTIALS_ATTRIBUTES, USER_ATTRIBUTES};
    use shared::aws::table::Item;

    use super::*;

    const HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";

    fn line(more: &str) -> String {
        format!(r#"{{"username":"bob","password_hash":"{HASH}","scopes":["me","items"]{more}}}"#)
    }

    /// Reads a line with its stamp.
    fn read(text: &str) -> Result<AccountRecord, String> {
        let catalogue = Scopes::parse("me items").unwrap();
        let rules = Rules {
            catalogue: Some(catalogue),
            capacity: Capacity::default(),
            keep_stamps: true,
        };
        super::read(text.as_bytes(), &rules).map(|read| read.account)
    }

    #[test]
    fn an_item_reads_back_as_the_line_that_it_was() {
        for more in [
            "",
            r#","disabled":true"#,
            r#","email":"b@x.org","full_name":"Bob \u0000é""#,
            r#","stamp":"s""#,
            r#","created":1,"updated":2,"version":3"#,
        ] {
            let first = read(&line(more)).unwrap();
            let [user, credentials] = first.to_items(7, "id");
            let again = AccountRecord::read("bob", &user, Some(&credentials));
            let again = again.unwrap().unwrap();
            assert!(differences(&first, &again).is_empty(), "{more}");
            assert_eq!(again.record.created, first.record.created.or(Some(7)));
            assert_eq!(again.record.version, first.record.version.or(Some(1)));
            let exported = write(&again).unwrap();
            assert_eq!(read(&exported), Ok(again), "{exported}");
            for (item, known) in [
                (user, &USER_ATTRIBUTES[..]),
                (credentials, &CREDENTIALS_ATTRIBUTES),
            ] {
                assert!(item.keys().all(|name| known.contains(&&**name)), "{item:?}");
            }
        }
    }

    #[test]
    fn a_name_is_read_in_the_form_in_which_a_login_compares_it() {
        for (name, expected) in [("Bob@X.org", "bob@x.org"), ("zoe\u{308}", "zoë")] {
            let record = read(&line("").replace("bob", name)).unwrap();
            assert_eq!(record.record.user.username, expected);
        }
    }

    #[test]
    fn no_scopes_are_no_attribute() {
        let record = read(&line("").replace(r#""me","items""#, "")).unwrap();
        assert!(!record.to_items(1, "id")[0].contains_key("scopes"));
    }

    #[test]
    fn names_what_differs() {
        let (one, other) = (
            line(""),
            line(r#","disabled":true,"email":"x","version":9"#),
        );
        let differences = differences(&read(&one).unwrap(), &read(&other).unwrap());
        assert_eq!(differences, ["disabled", "email"]);
    }

    #[test]
    fn a_line_without_a_stamp_fits_every_stamp() {
        let [none, one, other] =
            ["", r#","stamp":"1""#, r#","stamp":"2""#].map(|stamp| read(&line(stamp)).unwrap());
        for (line, there, expected) in [
            (&none, &one, &[][..]),
            (&one, &one, &[]),
            (&one, &other, &["stamp"]),
            (&one, &none, &["stamp"]),
        ] {
            assert_eq!(differences(line, there), expected);
        }
    }

    #[test]
    fn a_bad_line_is_refused_with_its_reason() {
        let good = line("");
        for (text, expected) in [
            ("", "column 0: EOF"),
            ("[]", "column 2: invalid length"),
            (&good[..40], "EOF while parsing a string"),
            (&line(r#","admin":true"#), "unknown field `admin`"),
            (&line(r#","disabled":1"#), "expected a boolean"),
            (&line(r#","version":-1"#), "expected u64"),
            (&good.replace("bob", "Bob"), "case-folded form, \"bob\""),
            (&good.replace("bob", "bob doe"), "white space, U+0020"),
            (&good.replace("bob", ""), "a user name is empty"),
            (
                &good.replace("argon2id", "argon2i"),
                "the password_hash of \"bob\": not an argon2id",
            ),
            (
                &good.replace(",t=3", ""),
                "the password_hash of \"bob\": not an argon2id",
            ),
            (
                &good.replace("m=65536,t=3", "m=262144,t=20"),
                "the password_hash of \"bob\": 262144 KiB and 20 passes are more than a function of 1024 MB can hash",
            ),
            (
                &good.replace("items", "admin"),
                "the scopes of \"bob\": unknown scope \"admin\", the service's scopes are: items, me;",
            ),
            (
                &good.replace("\",\"items", " items"),
                "the scopes of \"bob\": a scope is made of",
            ),
            (&good.replace("scopes", "scope"), "unknown field `scope`"),
            (&format!("{good} x"), "trailing characters"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("line 1"), "{error}");
        }
    }

    /// What a login and an export read: a hash by an id that is not the user's was set by somebody meanwhile.
    #[test]
    fn items_that_do_not_belong_together_are_no_account() {
        let [user, credentials] = read(&line("")).unwrap().to_items(1, "id");
        let [other, others] = read(&line("")).unwrap().to_items(1, "another");
        for (user, credentials) in [
            (&user, Some(&others)),
            (&other, Some(&credentials)),
            (&user, None),
        ] {
            let read = AccountRecord::read("bob", user, credentials);
            assert_eq!(read.unwrap(), None);
        }
        let error = |user: &Item, credentials: &Item| {
            let read = AccountRecord::read("bob", user, Some(credentials));
            read.unwrap_err().to_string()
        };
        for (name, text) in [
            ("disabled", "\"user#bob\" has no valid disabled"),
            ("credentials_id", "\"user#bob\" is of an earlier version"),
        ] {
            let mut user = user.clone();
            user.remove(name);
            let error = error(&user, &credentials);
            assert!(error.contains(text), "{error}");
        }
        let mut spoilt = credentials.clone();
        spoilt.remove("password_hash");
        let error = error(&user, &spoilt);
        assert!(
            error.contains("\"credentials#bob\" has no valid password_hash"),
            "{error}"
        );
    }
}
