//! The one Unicode form of what people type. Keyboards differ: one sends `ü` as U+00FC, another as `u` and
//! U+0308, and both mean the same name and the same password.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// The text in Unicode's normal form C (UAX 15), as NIST SP 800-63B-4 3.1.1.2 asks of passwords.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// The form in which a user name is stored and compared: NFC and, of an e-mail address, case-folded.
/// A phone's keyboard writes `Jane@example.com`. Other names keep their case, as on FastAPI's page.
///
/// ```
/// use shared::domain::accounts::unicode::name;
/// assert_eq!(name("Jane@Example.com"), "jane@example.com");
/// assert_eq!(name("JohnDoe"), "JohnDoe");
/// assert_eq!(name("zoe\u{308}"), "zoë");
/// ```
#[must_use]
pub fn name(text: &str) -> Cow<'_, str> {
    let mut name = nfc(text);
    if !name.contains('@') {
        return name;
    }
    // Folding can undo the normal form.
    loop {
        let next = nfc(&CaseMapper::new().fold_string(&name)).into_owned();
        if next == *name {
            return name;
        }
        name = next.into();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_way_to_type_a_name_is_the_same_name() {
        for (typed, expected) in [
            ("johndoe", "johndoe"),
            ("JohnDoe", "JohnDoe"),
            ("JANE@EXAMPLE.COM", "jane@example.com"),
            ("J\u{fc}rgen", "J\u{fc}rgen"),
            ("Ju\u{308}rgen", "J\u{fc}rgen"),
            ("JU\u{308}RGEN@x.org", "j\u{fc}rgen@x.org"),
            ("STRA\u{df}E@x.org", "strasse@x.org"),
            ("\u{1e9e}@x.org", "ss@x.org"),
            ("\u{130}@x.org", "i\u{307}@x.org"),
            ("\u{390}@x.org", "\u{390}@x.org"),
            ("", ""),
            ("@", "@"),
        ] {
            assert_eq!(name(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_password_keeps_everything_but_its_composition() {
        for (typed, expected) in [
            ("Passwo\u{308}rd", "Passw\u{f6}rd"),
            ("  Two  Spaces ", "  Two  Spaces "),
            ("\u{fb01}ne x\u{b2}", "\u{fb01}ne x\u{b2}"),
            ("\u{212b}", "\u{c5}"),
        ] {
            assert_eq!(nfc(typed), expected, "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_in_its_form_stays_as_it_is(text in "\\PC{0,12}@?\\PC{0,6}") {
            let form = name(&text).into_owned();
            prop_assert_eq!(name(&form), form.as_str());
        }

        #[test]
        fn ascii_without_an_at_sign_is_not_touched(text in "[ -?A-~]{0,20}") {
            prop_assert_eq!(name(&text), text.as_str());
        }
    }
}
