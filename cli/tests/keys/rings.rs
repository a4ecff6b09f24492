//! What is done with rings, in two tables that are named one by one.

use std::process::Command;

use serde_json::{Value, json};
use shared::aws::table::{Item, PRIVATE_KEYS, PUBLIC_KEYS, RING, text};

use super::*;
use crate::support::{Run, Server, bare, finish};

/// A server with two tables for the rings.
struct Rings(Server);

impl Rings {
    fn none() -> Self {
        let server = Server::with_table();
        server
            .run(&["--table", "keys", "create-table"], "")
            .succeeds();
        Self(server)
    }

    fn with(ring: &Ring) -> Self {
        let rings = Self::none();
        rings.put("keys", PRIVATE_KEYS, ring);
        rings.put("users", PUBLIC_KEYS, &ring.public());
        rings
    }

    fn put(&self, table: &str, key: &str, ring: &Ring) {
        let ring = text(ring.to_json().unwrap());
        self.0
            .put_into(table, key, Item::from([(RING.to_owned(), ring)]));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.0.command(&[&["keys"], arguments].concat());
        command.env("SIGNING_KEYS", "dynamodb:keys");
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        finish(self.command(arguments), "")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat()).succeeds();
        serde_json::from_str(&run.stdout).unwrap()
    }

    fn private(&self) -> Option<Ring> {
        self.0.ring("keys", PRIVATE_KEYS)
    }

    /// The private ring, when it was seen that the public one belongs to it.
    fn ring(&self) -> Ring {
        let private = self.private().unwrap();
        belong_together(&private, &self.0.ring("users", PUBLIC_KEYS).unwrap());
        private
    }
}

#[test]
fn generate_makes_one_key_which_signs_and_no_other() {
    let rings = Rings::none();
    let generate = || rings.run(&["generate", "--algorithm", "EdDSA"]);
    let made = generate().succeeds().stdout;
    let ring = rings.ring();
    let kid = kids(&ring)[0].to_owned();
    assert_eq!(
        made,
        format!("{kid} (EdDSA): signs now, without an issuer\n")
    );
    assert!(ring.keys[0].signing.is_some());

    let again = generate().succeeds().stdout;
    let expected = format!("{kid} (EdDSA): there already, without an issuer; no other was made\n");
    assert_eq!(again, expected);
    assert_eq!(kids(&rings.ring()), [kid]);
}

#[test]
fn the_first_key_is_of_the_algorithm_that_every_authorizer_knows() {
    let rings = Rings::none();
    let made = rings.json(&["generate"]);
    assert_eq!(made["keys"][0]["algorithm"], "RS256");
    rings
        .run(&["generate", "--algorithm", "HS256"])
        .fails(2, "possible values: RS256, ES256, EdDSA");
}

#[test]
fn issuer_and_audience_are_changed_without_another_key_and_stay_when_nothing_is_said() {
    let (a, b) = ("https://a.example.com", "https://b.example.com");
    let rings = Rings::with(&ring(&[100]));
    for (more, issuer, audience) in [
        (&[][..], None, None),
        (&["--issuer", a], Some(a), Some(a)),
        (&["--issuer", b], Some(b), Some(b)),
        (&[], Some(b), Some(b)),
        (&["--audience", "orders"], Some(b), Some("orders")),
        (&["--issuer", a], Some(a), Some("orders")),
        (&["--no-issuer"], None, None),
    ] {
        let shown = rings.json(&[&["generate"], more].concat());
        let expected = (&json!(issuer), &json!(audience));
        assert_eq!((&shown["issuer"], &shown["audience"]), expected, "{more:?}");
        assert_eq!(rings.ring().keys.len(), 1);
    }
    let changed = rings.run(&["generate", "--issuer", a]).succeeds().stdout;
    assert!(
        changed.ends_with(
            "signs for https://a.example.com now; tokens from before are refused within 5 minutes\n"
        ),
        "{changed}"
    );
}

#[test]
fn what_is_no_issuer_is_refused_and_changes_nothing() {
    let rings = Rings::none();
    for (more, expected) in [
        (
            &["--issuer", "https://a.example.com/"][..],
            "--issuer \"https://a.example.com/\" is not an https origin",
        ),
        (
            &["--issuer", "https://a.example.com", "--audience", "a b"],
            "--audience is not a name",
        ),
        (&["--audience", "a"], "--audience needs --issuer URL"),
        (
            &["--no-issuer", "--issuer", "https://a.example.com"],
            "cannot be used with",
        ),
    ] {
        rings
            .run(&[&["generate"], more].concat())
            .fails(2, expected);
        assert!(rings.private().is_none());
    }
}

#[test]
fn rotate_makes_one_key_that_signs_later_and_now_brings_it_forward() {
    let rings = Rings::with(&ring(&[100]));
    let made = rings.run(&["rotate"]).succeeds().stdout;
    let ring = rings.ring();
    let (kid, time) = (&ring.keys[1].kid, signs_in(&ring.keys[1]));
    assert!((10_000..=10_800).contains(&time), "{time}");
    let date = users::output::date(ring.keys[1].sign_from.as_secs());
    let expected = format!("{kid} (EdDSA): signs from {date}; everybody can read it until then\n");
    assert_eq!(made, expected);

    let again = rings.run(&["rotate"]).succeeds().stdout;
    let expected = format!(
        "{kid} (EdDSA): signs from {date} already; no other was made; sooner: users keys rotate --now\n"
    );
    assert_eq!(again, expected);

    rings.run(&["rotate", "--now"]).succeeds();
    let ring = rings.ring();
    assert_eq!((ring.keys.len(), &ring.keys[1].kid), (2, kid));
    let time = signs_in(&ring.keys[1]);
    assert!(time <= 60, "{time}");
}

#[test]
fn retire_takes_out_what_signs_nothing() {
    // The first one's last token has expired, the second one's has not.
    let ring = ring(&[99_999, 50_000, 100]);
    let rings = Rings::with(&ring);
    let (old, last, active) = (kids(&ring)[0], kids(&ring)[1], kids(&ring)[2]);
    rings.run(&["retire", active]).fails(
        1,
        &format!("{active} signs now; let another one follow first: users keys rotate"),
    );
    let until = users::output::date(ring.keys[2].sign_from.as_secs() + 35 * 60);
    rings.run(&["retire", last]).fails(
        1,
        &format!("tokens that {last} has signed can still be valid until {until}; to end them at once: users keys revoke {last}"),
    );
    let mut shorter = rings.command(&["retire", last]);
    shorter.env("ACCESS_TOKEN_EXPIRE_MINUTES", "0");
    finish(shorter, "").fails(
        2,
        "ACCESS_TOKEN_EXPIRE_MINUTES: not a whole number from 1 up",
    );
    assert_eq!(rings.ring().keys.len(), 3);

    let done = rings.run(&["retire", old]).succeeds().stdout;
    assert_eq!(
        done,
        format!("{old} (EdDSA): removed; all its tokens have expired\n")
    );
    rings.run(&["rotate"]).succeeds();
    let next = rings.ring().keys[2].kid.clone();
    let done = rings.run(&["retire", &next]).succeeds().stdout;
    assert_eq!(
        done,
        format!("{next} (EdDSA): withdrawn before it signed\n")
    );
    assert_eq!(kids(&rings.ring()), [last, active]);
}

#[test]
fn retire_waits_as_long_as_the_functions_tokens_are_valid() {
    let ring = ring(&[50_000, 600]);
    let rings = Rings::with(&ring);
    for (minutes, code) in [("30", 1), ("6", 1), ("4", 0)] {
        let mut command = rings.command(&["retire", kids(&ring)[0]]);
        command.env("ACCESS_TOKEN_EXPIRE_MINUTES", minutes);
        assert_eq!(finish(command, "").code, code, "{minutes}");
    }
}

#[test]
fn revoke_ends_a_key_and_another_one_signs_at_once() {
    let first = ring(&[100]);
    let rings = Rings::with(&first);
    let kid = kids(&first)[0];
    let done = rings.run(&["revoke", kid]).succeeds().stdout;
    let ring = rings.ring();
    let new = kids(&ring)[1];
    assert_eq!(
        done,
        format!("{kid}: revoked; its tokens are refused within 5 minutes\n{new} (EdDSA): signs\n")
    );
    assert!(ring.keys[0].revoked && ring.keys[0].signing.is_none());
    assert_eq!(signs_in(&ring.keys[1]), 0);
    // To do it again, as after a stop, changes nothing.
    rings.run(&["revoke", kid]).succeeds();
    assert_eq!(kids(&rings.ring()), [kid, new]);
}

#[test]
fn list_tells_what_each_key_is_and_shows_no_private_part() {
    let mut ring = ring(&[50_000, 1000, 100]);
    ring.keys[1].revoked = true;
    ring.tidy(Duration::from_secs(now()));
    let rings = Rings::with(&ring);
    rings.run(&["rotate"]).succeeds();
    let ring = rings.ring();
    let date = |seconds: u64| users::output::date(seconds);
    let time = |place: usize| ring.keys[place].sign_from.as_secs();
    let kid = kids(&ring);
    let expected = format!(
        "no issuer\n{}  EdDSA  next     from {}\n{}  EdDSA  active   since {}\n{}  EdDSA  revoked\n\
         {}  EdDSA  retired  since {}, its last token ends {}\n",
        kid[3],
        date(time(3)),
        kid[2],
        date(time(2)),
        kid[1],
        kid[0],
        date(time(1)),
        date(time(1) + 35 * 60)
    );
    rings.run(&["list"]).says(0, &expected, "");

    let shown = rings.json(&["list"]);
    assert_eq!(shown["published"], true);
    let expected = json!({
        "kid": kid[0], "algorithm": "EdDSA", "state": "retired", "sign_from": time(0),
        "signed_until": time(1), "needed_until": time(1) + 35 * 60,
    });
    assert_eq!(shown["keys"][3], expected);
    let private: Value = serde_json::from_str(&ring.to_json().unwrap()).unwrap();
    let der = private["keys"][2]["der"].as_str().unwrap();
    for output in [shown.to_string(), rings.run(&["list"]).stdout] {
        assert!(
            !output.contains("der") && !output.contains(&der[..20]),
            "{output}"
        );
    }
}

#[test]
fn without_keys_the_way_to_the_first_is_named() {
    let rings = Rings::none();
    for arguments in [
        &["rotate"][..],
        &["list"],
        &["retire", "abcd"],
        &["revoke", "abcd"],
    ] {
        rings.run(arguments).fails(
            1,
            "there are no keys yet; make the first with: users keys generate",
        );
    }
}

#[test]
fn a_key_is_named_by_its_beginning_and_one_that_is_not_there_is_refused() {
    let two = ring(&[50_000, 100]);
    let rings = Rings::with(&two);
    let (old, active) = (kids(&two)[0], kids(&two)[1]);
    let known = format!("there are: {old}, {active}\n  what they are: users keys list");
    for command in ["retire", "revoke"] {
        let run = rings.run(&[command, "abc"]);
        run.fails(2, &format!("no key \"abc\"; {known}"));
    }
    rings.run(&["revoke", &old[..4]]).succeeds();
    assert!(rings.ring().keys[0].revoked);
}

/// About one kid in 64 begins with a hyphen.
#[test]
fn a_key_whose_name_begins_with_a_hyphen_is_no_option() {
    let rings = Rings::with(&ring(&[100]));
    for kid in ["-hxyz", "--abc", "-json"] {
        rings
            .run(&["revoke", kid])
            .fails(2, &format!("no key \"{kid}\""));
        let run = rings.run(&["retire", kid, "--json"]);
        assert!(run.stderr.starts_with("{\"error\":\"no key"), "{run:?}");
    }
    let run = rings.run(&["retire", "--json", "-abcd"]);
    assert!(run.stderr.starts_with("{\"error\":\"no key"), "{run:?}");
}

#[test]
fn a_place_that_is_none_is_refused_without_repeating_it() {
    let secret = ring(&[100]).to_json().unwrap();
    for place in ["", "file:keys.json", "dynamodb:", "keys.json", &secret] {
        let mut command = bare(&["keys", "list"]);
        command.env("SIGNING_KEYS", place);
        let run = finish(command, "");
        run.fails(2, "which keys? name the deployed stack with --stack NAME");
        assert!(!run.stderr.contains("\"der\""), "{run:?}");
    }
}

#[test]
fn without_a_place_new_keys_are_printed_for_two_variables_and_kept_nowhere() {
    let run = finish(
        bare(&["keys", "generate", "--json", "--algorithm", "EdDSA"]),
        "",
    );
    let printed: Value = serde_json::from_str(&run.succeeds().stdout).unwrap();
    assert_eq!(printed.as_object().unwrap().len(), 2);
    let private = Ring::from_json(&printed["SIGNING_KEYS"].to_string()).unwrap();
    let public = Ring::public_from_json(&printed["PUBLIC_KEYS"].to_string()).unwrap();
    belong_together(&private, &public);
    assert!(private.active(Duration::from_secs(now())).is_some());
    let run = finish(bare(&["keys", "generate"]), "");
    run.fails(2, "keys that need no table: users keys generate --json");
}
