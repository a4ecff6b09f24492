//! Scopes: what a token allows its bearer to do.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Deserializer};

/// Every scope of this service, with the description that people see when they grant it.
pub const CATALOGUE: &[(&str, &str)] = &[
    ("me", "Read information about the current user."),
    ("items", "Read items."),
];

/// A list of scopes. Each is there once, in the order in which it was first named.
///
/// RFC 6749 3.3: `scope = scope-token *( SP scope-token )`,
/// `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`: printable ASCII without `"` and `\`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

/// A text that is not a list of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is made of printable ASCII without space, `\"` and `\\`")]
pub struct MalformedScope;

/// A scope that the service does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope {scope:?}, the service's scopes are: {known}")]
pub struct UnknownScope {
    scope: String,
    known: String,
}

impl Scopes {
    /// Reads the `scope` parameter of a request. Additional spaces are allowed, as in FastAPI.
    ///
    /// ```
    /// let scopes = shared::domain::scope::Scopes::parse("items  me items").unwrap();
    /// assert_eq!(scopes.to_string(), "items me");
    /// ```
    pub fn parse(text: &str) -> Result<Self, MalformedScope> {
        all_scopes(split(text))
    }

    /// Reads the `scope` claim of a token. A word that cannot be a scope is dropped: it grants
    /// nothing.
    #[must_use]
    pub fn from_claim(text: &str) -> Self {
        split(text).filter(|token| is_scope_token(token)).collect()
    }

    /// Reads a list with one scope in each element, such as a `scopes` claim. An element that
    /// cannot be a scope, such as `"me items"`, is dropped.
    #[must_use]
    pub fn from_tokens(list: &[String]) -> Self {
        let tokens = list.iter().map(String::as_str);
        tokens.filter(|token| is_scope_token(token)).collect()
    }

    /// Reads a list with one scope in each element; an error if one of them cannot be a scope.
    pub fn from_list(list: &[String]) -> Result<Self, MalformedScope> {
        all_scopes(list.iter().map(String::as_str))
    }

    /// Are all the required scopes here? Compared byte for byte (RFC 6749 3.3: case sensitive).
    #[must_use]
    pub fn contains_all<S: AsRef<str>>(&self, required: impl IntoIterator<Item = S>) -> bool {
        required
            .into_iter()
            .all(|scope| self.iter().any(|held| held == scope.as_ref()))
    }

    /// Those that are in the other list, too.
    #[must_use]
    pub fn and_in(&self, other: &Self) -> Self {
        let scopes = self.iter();
        scopes.filter(|scope| other.contains_all([scope])).collect()
    }

    /// Checks that each scope is in this catalogue.
    pub fn check(&self, catalogue: &[(&str, &str)]) -> Result<(), UnknownScope> {
        let known = |scope: &&str| catalogue.iter().any(|(known, _)| known == scope);
        match self.iter().find(|scope| !known(scope)) {
            None => Ok(()),
            Some(unknown) => Err(UnknownScope {
                scope: unknown.to_owned(),
                known: catalogue
                    .iter()
                    .map(|(known, _)| *known)
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
        }
    }

    /// The scopes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(String::as_str)
    }
}

impl<'a> FromIterator<&'a str> for Scopes {
    fn from_iter<I: IntoIterator<Item = &'a str>>(tokens: I) -> Self {
        let mut known = HashSet::new();
        let first = tokens.into_iter().filter(|token| known.insert(*token));
        Self(first.map(str::to_owned).collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// Reads a list with one scope in each element, as in a users file. [`Scopes::check`] says whether
/// they exist.
impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<String>::deserialize(deserializer)?;
        Ok(list.iter().map(String::as_str).collect())
    }
}

/// Splits only at spaces (U+0020): other white space is not a separator (RFC 6749 3.3).
fn split(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(' ').filter(|token| !token.is_empty())
}

fn all_scopes<'a>(tokens: impl Iterator<Item = &'a str> + Clone) -> Result<Scopes, MalformedScope> {
    if tokens.clone().all(is_scope_token) {
        Ok(tokens.collect())
    } else {
        Err(MalformedScope)
    }
}

fn is_scope_token(token: &str) -> bool {
    !token.is_empty()
        && token
            .bytes()
            .all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Anybody may send a form full of scopes, so their number must not count twice.
    #[test]
    fn ten_thousand_scopes_are_read_once_each_in_order() {
        let names: Vec<String> = (0..10_000).map(|at| format!("s{at}")).collect();
        let text = names.join(" ");
        let scopes = Scopes::parse(&format!("{text} {text}")).unwrap();
        assert_eq!(scopes.to_string(), text);
    }

    #[test]
    fn parses_what_the_grammar_allows() {
        for (text, expected) in [
            ("", ""),
            ("   ", ""),
            ("me", "me"),
            ("  me   items ", "me items"),
            ("items me items", "items me"),
            (
                "users:read https://example.com/auth",
                "users:read https://example.com/auth",
            ),
            ("ME me", "ME me"),
            ("! # [ ] ~", "! # [ ] ~"),
        ] {
            assert_eq!(
                Scopes::parse(text).unwrap().to_string(),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "me\titems",
            "me\nitems",
            "m\"e",
            "m\\e",
            "mé",
            "me\u{a0}items",
            "me \u{7f}",
            "\0",
        ] {
            assert_eq!(Scopes::parse(text), Err(MalformedScope), "{text:?}");
        }
    }

    #[test]
    fn a_claim_grants_only_whole_scopes() {
        assert_eq!(
            Scopes::from_claim(" me  me\titems it\"ems").to_string(),
            "me"
        );
        assert!(!Scopes::from_claim("me\titems").contains_all(["me"]));
        let list = [
            "me items".to_owned(),
            String::new(),
            "é".to_owned(),
            "status".to_owned(),
        ];
        assert_eq!(Scopes::from_tokens(&list).to_string(), "status");
    }

    #[test]
    fn a_list_holds_a_scope_in_each_element() {
        let list = |tokens: &[&str]| {
            let tokens: Vec<_> = tokens.iter().map(ToString::to_string).collect();
            Scopes::from_list(&tokens)
        };
        let scopes = list(&["items", "me", "items"]).unwrap();
        assert_eq!(scopes.to_string(), "items me");
        assert_eq!(list(&[]), Ok(Scopes::default()));
        for wrong in ["", "me items", " me", "é", "m\"e"] {
            assert_eq!(list(&["me", wrong]), Err(MalformedScope), "{wrong:?}");
        }
    }

    #[test]
    fn all_required_scopes_must_be_held() {
        let held = Scopes::parse("items me").unwrap();
        for (required, expected) in [
            (&[][..], true),
            (&["me"], true),
            (&["me", "items"], true),
            (&["me", "admin"], false),
            (&["ME"], false),
            (&["m"], false),
            (&["me "], false),
            (&["items me"], false),
            (&[""], false),
        ] {
            assert_eq!(held.contains_all(required), expected, "{required:?}");
        }
        assert!(!Scopes::default().contains_all(["me"]));
    }

    #[test]
    fn only_the_catalogues_scopes_are_known() {
        let scopes: Scopes = serde_json::from_str(r#"["items","me","items"]"#).unwrap();
        assert_eq!(scopes.to_string(), "items me");
        assert_eq!(scopes.check(CATALOGUE), Ok(()));
        assert_eq!(Scopes::default().check(&[]), Ok(()));
        for wrong in ["itmes", "ME", "me items", ""] {
            let scopes: Scopes = ["me", wrong].into_iter().collect();
            let error = scopes.check(&[("me", ""), ("items", "")]).unwrap_err();
            let expected = format!("unknown scope {wrong:?}, the service's scopes are: me, items");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn the_catalogue_holds_scopes() {
        for (scope, description) in CATALOGUE {
            assert_eq!(Scopes::parse(scope).unwrap().to_string(), *scope);
            assert!(!description.is_empty());
        }
    }

    proptest! {
        #[test]
        fn what_is_parsed_reads_back_the_same(text in "\\PC{0,40}") {
            if let Ok(scopes) = Scopes::parse(&text) {
                prop_assert_eq!(&Scopes::parse(&scopes.to_string()).unwrap(), &scopes);
                prop_assert_eq!(&Scopes::from_claim(&text), &scopes);
                prop_assert!(scopes.contains_all(text.split(' ').filter(|t| !t.is_empty())));
            }
        }

        #[test]
        fn nothing_is_held_that_was_not_named(text in any::<String>(), scope in "[!#-\\[\\]-~]{1,8}") {
            let named = text.split(' ').any(|token| token == scope);
            prop_assert_eq!(Scopes::from_claim(&text).contains_all([&scope]), named);
        }

        #[test]
        fn each_scope_once_in_order(tokens in proptest::collection::vec("[a-c]{1,2}", 0..12)) {
            let scopes = Scopes::parse(&tokens.join(" ")).unwrap();
            let mut first: Vec<&str> = Vec::new();
            for token in &tokens {
                if !first.contains(&token.as_str()) { first.push(token); }
            }
            prop_assert_eq!(scopes.iter().collect::<Vec<_>>(), first);
        }
    }
}
