//! Which names new users may have: no two may look alike.
//!
//! The service compares names byte for byte, once they are in NFC and, if they are e-mail addresses, case-folded
//! ([`shared::domain::accounts::unicode::name`]). So a new name must be its own NFKC case-folded form
//! (Unicode Standard Annex 15, and section 5.18 of the core specification), and hold nothing that
//! cannot be seen. It holds no white space either: in a list, a log or a command line a name is one
//! word. Letters of different scripts that look alike (Latin and Cyrillic "a") are
//! allowed: to refuse them would take a list of the scripts that a service wants.

use std::convert::Infallible;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use shared::domain::accounts::unicode;
use shared::domain::accounts::{CLIENT, MAX_BYTES, USER_ID_PREFIX};

use crate::error::Error;

/// The one blank symbol that Unicode counts neither as a space nor as invisible.
const BRAILLE_BLANK: char = '\u{2800}';

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// It is empty.
    #[error("a user name is empty; it must have at least one character")]
    Empty,
    /// It is too long.
    #[error("a user name of {0} bytes is too long; at most {MAX_BYTES} are allowed")]
    TooLong(usize),
    /// It is not its own NFKC case-folded form.
    #[error(
        "the user name {name:?} could be mistaken for another; use its NFKC case-folded form, {form:?}"
    )]
    NotFolded {
        /// The name.
        name: String,
        /// Its case-folded form.
        form: String,
    },
    /// It holds a character that people cannot see or tell from others.
    #[error("the user name {name:?} holds U+{:04X}, {kind}; leave it out", u32::from(*character))]
    Invisible {
        /// The name.
        name: String,
        /// The character.
        character: char,
        /// What it is.
        kind: &'static str,
    },
    /// It holds white space.
    #[error(
        "the user name {name:?} holds white space, U+{:04X}; leave it out, or take \".\" or \"-\" instead",
        u32::from(*character)
    )]
    WhiteSpace {
        /// The name.
        name: String,
        /// The character.
        character: char,
    },
    /// It starts with a mark that belongs on a letter.
    #[error("the user name {0:?} starts with a combining mark; start it with a letter")]
    LeadingMark(String),
    /// It begins as the `sub` of a client's token does.
    #[error(
        "the user name {0:?} begins with {CLIENT:?}, as the sub of a client's token does; let it begin otherwise"
    )]
    Client(String),
    /// It begins as an id does.
    #[error(
        "the user name {0:?} begins with {USER_ID_PREFIX:?}, as the ids of users do; let it begin otherwise"
    )]
    Id(String),
}

/// The name that somebody typed, in the form in which the functions compare it.
#[must_use]
pub fn typed(text: &str) -> Result<String, Infallible> {
    Ok(unicode::name(text).into_owned())
}

/// May a new user have this name?
pub fn check(name: &str) -> Result<(), BadName> {
    if name.is_empty() {
        return Err(BadName::Empty);
    }
    if name.len() > MAX_BYTES {
        return Err(BadName::TooLong(name.len()));
    }
    if let Some(character) = name.chars().find(|c| c.is_whitespace()) {
        let name = name.to_owned();
        return Err(BadName::WhiteSpace { name, character });
    }
    if let Some((character, kind)) = name.chars().find_map(|c| Some((c, invisible(c)?))) {
        let name = name.to_owned();
        return Err(BadName::Invisible {
            name,
            character,
            kind,
        });
    }
    if name.starts_with(|c| GeneralCategoryGroup::Mark.contains(category(c))) {
        return Err(BadName::LeadingMark(name.to_owned()));
    }
    if name.starts_with(CLIENT) {
        return Err(BadName::Client(name.to_owned()));
    }
    if name.starts_with(USER_ID_PREFIX) {
        return Err(BadName::Id(name.to_owned()));
    }
    let form = folded(name);
    if form == name {
        return Ok(());
    }
    let name = name.to_owned();
    Err(BadName::NotFolded { name, form })
}

/// The NFKC case-folded form. Folding may undo the normal form, so both are repeated until nothing
/// changes.
#[must_use]
pub fn folded(name: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let mut form = name.to_owned();
    loop {
        let next = nfkc
            .normalize(&CaseMapper::new().fold_string(&nfkc.normalize(&form)))
            .into_owned();
        if next == form {
            return form;
        }
        form = next;
    }
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

/// What kind of invisible character this is; `None` if it can be seen.
#[must_use]
pub fn invisible(character: char) -> Option<&'static str> {
    match category(character) {
        GeneralCategory::Control => return Some("a control character"),
        GeneralCategory::PrivateUse => return Some("a private-use character"),
        GeneralCategory::Unassigned => return Some("not assigned to any character"),
        GeneralCategory::Format => return Some("an invisible format character"),
        GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => {
            return Some("a line break");
        }
        GeneralCategory::SpaceSeparator if character != ' ' => {
            return Some("a space other than U+0020");
        }
        _ => {}
    }
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
    (ignorable || character == BRAILLE_BLANK).then_some("invisible")
}

/// May an option have this value? It is shown to people, so it must not control their terminal.
pub fn printable(option: &str, value: Option<&str>) -> Result<(), Error> {
    let control = value.and_then(|value| value.chars().find(|c| c.is_control()));
    control.map_or(Ok(()), |character| {
        let code = u32::from(character);
        Err(Error::Usage(format!(
            "{option} holds U+{code:04X}, a control character; leave it out"
        )))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_names_of_many_scripts() {
        for name in [
            "johndoe",
            "john.doe+x@example.com",
            "007",
            "zoë",
            "strasse",
            "ωμέγα",
            "дмитрий",
            "田中さん",
            "משה",
            "محمد",
            "हिन्दी",
            "👩",
            "i\u{307}",
            &"x".repeat(1024),
        ] {
            assert_eq!(check(name), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn refuses_names_that_look_like_others() {
        for (name, form) in [
            ("JohnDoe", "johndoe"),
            ("straße", "strasse"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("ｊｏｈｎ", "john"),
            ("ﬁona", "fiona"),
            ("zoe\u{308}", "zoë"),
            ("x²", "x2"),
            ("Ⅷ", "viii"),
            ("K\u{212A}", "kk"),
            ("\u{345}α", "ια"),
        ] {
            let name = name.to_owned();
            let result = check(&name);
            if name.starts_with('\u{345}') {
                assert_eq!(result, Err(BadName::LeadingMark(name)));
                continue;
            }
            let form = form.to_owned();
            assert_eq!(result, Err(BadName::NotFolded { name, form }));
        }
    }

    #[test]
    fn refuses_what_cannot_be_seen() {
        for character in [
            '\0',
            '\u{7f}',
            '\u{ad}',
            '\u{34f}',
            '\u{378}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2060}',
            '\u{2800}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{ffff}',
            '\u{e0041}',
            '\u{10ffff}',
        ] {
            let name = format!("jo{character}hn");
            let error = check(&name).unwrap_err();
            assert!(
                matches!(error, BadName::Invisible { .. }),
                "{name:?}: {error}"
            );
            let code_point = format!("U+{:04X}", u32::from(character));
            assert!(error.to_string().contains(&code_point), "{error}");
        }
    }

    #[test]
    fn refuses_an_empty_name_and_one_that_is_too_long() {
        assert_eq!(check(""), Err(BadName::Empty));
        assert_eq!(check(&"x".repeat(1025)), Err(BadName::TooLong(1025)));
    }

    #[test]
    fn refuses_white_space_of_any_kind_anywhere() {
        for name in [" john", "john ", "john doe", " ", "JOHN DOE"] {
            let error = check(name).unwrap_err().to_string();
            assert!(error.contains("white space, U+0020"), "{error}");
        }
        for character in ('\0'..=char::MAX).filter(|c| c.is_whitespace()) {
            let name = format!("john{character}doe");
            let expected = BadName::WhiteSpace {
                name: name.clone(),
                character,
            };
            assert_eq!(check(&name), Err(expected));
        }
    }

    #[test]
    fn refuses_a_mark_without_a_letter_before_it() {
        assert_eq!(
            check("\u{301}john"),
            Err(BadName::LeadingMark("\u{301}john".to_owned()))
        );
    }

    #[test]
    fn refuses_a_name_that_a_client_would_have_in_a_token() {
        let refused = Err(BadName::Client("client:c_1".to_owned()));
        assert_eq!(check("client:c_1"), refused);
        for name in ["client", "my-client:1", "client-1"] {
            assert_eq!(check(name), Ok(()));
        }
        // In no writing: the form that is offered instead is refused as well.
        let error = check("Client:c_1").unwrap_err().to_string();
        assert!(error.contains("form, \"client:c_1\""), "{error}");
    }

    #[test]
    fn refuses_a_name_that_could_be_an_id() {
        assert_eq!(check("u_jane"), Err(BadName::Id("u_jane".to_owned())));
        assert_eq!(check("ujane"), Ok(()));
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(name in any::<String>()) {
            let form = folded(&name);
            prop_assert_eq!(folded(&form), form);
        }

        #[test]
        fn a_good_name_is_its_own_form_and_prints_on_one_line(name in "\\PC{1,12}") {
            if check(&name).is_ok() {
                prop_assert_eq!(folded(&name), &*name);
                prop_assert!(!name.contains(char::is_whitespace));
                prop_assert!(!name.chars().any(char::is_control));
            }
        }

        #[test]
        fn case_makes_no_second_name(name in "[a-z0-9é]{1,12}") {
            let upper = name.to_uppercase();
            prop_assert!(upper == name || check(&upper).is_err());
        }
    }
}
