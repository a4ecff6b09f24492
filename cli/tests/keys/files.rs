//! Rings in files, where no table is needed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::support::{Run, bare, finish};

/// A folder for a ring.
struct Files(TempDir);

impl Files {
    fn none() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn with(ring: &Ring) -> Self {
        let files = Self::none();
        fs::write(files.path("keys.json"), ring.to_json().unwrap()).unwrap();
        let public = ring.public().to_json().unwrap();
        fs::write(files.path("keys.public.json"), public).unwrap();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let place = format!("file:{}", self.path("keys.json").display());
        let mut command = bare(&[&["keys"], arguments].concat());
        command.env("SIGNING_KEYS", place);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        finish(self.command(arguments), "")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat()).succeeds();
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// The private ring, when it was seen that the public one belongs to it.
    fn ring(&self) -> Ring {
        let read = |name| fs::read_to_string(self.path(name)).unwrap();
        let private = Ring::from_json(&read("keys.json")).unwrap();
        let public = Ring::public_from_json(&read("keys.public.json")).unwrap();
        belong_together(&private, &public);
        private
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn generate_makes_one_key_which_signs_and_no_other() {
    let files = Files::none();
    let generate = || files.run(&["generate", "--algorithm", "EdDSA"]);
    let made = generate().succeeds().stdout;
    let ring = files.ring();
    let kid = kids(&ring)[0].to_owned();
    assert_eq!(
        made,
        format!("{kid} (EdDSA): signs now, without an issuer\n")
    );
    assert!(ring.keys[0].signing.is_some());

    let again = generate().succeeds().stdout;
    let expected = format!("{kid} (EdDSA): there already, without an issuer; no other was made\n");
    assert_eq!(again, expected);
    assert_eq!(kids(&files.ring()), [kid]);
}

#[test]
fn the_first_key_is_of_the_algorithm_that_every_authorizer_knows() {
    let files = Files::none();
    let made = files.json(&["generate"]);
    assert_eq!(made["keys"][0]["algorithm"], "RS256");
    files
        .run(&["generate", "--algorithm", "HS256"])
        .fails(2, "possible values: RS256, ES256, EdDSA");
}

#[test]
fn only_the_owner_can_read_the_files_and_the_folder_is_made() {
    let files = Files::none();
    let path = files.path("a/b/ring");
    let place = format!("file:{}", path.display());
    let arguments = [
        "keys",
        "generate",
        "--algorithm",
        "EdDSA",
        "--signing-keys",
        &place,
    ];
    finish(bare(&arguments), "").succeeds();
    assert_eq!(mode(&path), 0o600);
    let mut names: Vec<_> = fs::read_dir(files.path("a/b")).unwrap().collect();
    names.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    let names = names.into_iter().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["ring", "ring.public"]);

    // A file that others could read is replaced by one that they cannot.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    finish(bare(&arguments), "").succeeds();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn issuer_and_audience_are_changed_without_another_key_and_stay_when_nothing_is_said() {
    let (a, b) = ("https://a.example.com", "https://b.example.com");
    let files = Files::with(&ring(&[100]));
    for (more, issuer, audience) in [
        (&[][..], None, None),
        (&["--issuer", a], Some(a), Some(a)),
        (&["--issuer", b], Some(b), Some(b)),
        (&[], Some(b), Some(b)),
        (&["--audience", "orders"], Some(b), Some("orders")),
        (&["--issuer", a], Some(a), Some("orders")),
        (&["--no-issuer"], None, None),
    ] {
        let shown = files.json(&[&["generate"], more].concat());
        let expected = (&json!(issuer), &json!(audience));
        assert_eq!((&shown["issuer"], &shown["audience"]), expected, "{more:?}");
        assert_eq!(files.ring().keys.len(), 1);
    }
    let changed = files.run(&["generate", "--issuer", a]).succeeds().stdout;
    assert!(
        changed.ends_with(
            "signs for https://a.example.com now; tokens from before are refused within 5 minutes\n"
        ),
        "{changed}"
    );
}

#[test]
fn what_is_no_issuer_is_refused_and_changes_nothing() {
    let files = Files::none();
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
        files
            .run(&[&["generate"], more].concat())
            .fails(2, expected);
        assert!(!files.path("keys.json").exists());
    }
}

#[test]
fn rotate_makes_one_key_that_signs_later_and_now_brings_it_forward() {
    let files = Files::with(&ring(&[100]));
    let made = files.run(&["rotate"]).succeeds().stdout;
    let ring = files.ring();
    let (kid, time) = (&ring.keys[1].kid, signs_in(&ring.keys[1]));
    assert!((10_000..=10_800).contains(&time), "{time}");
    let date = users::output::date(ring.keys[1].sign_from.as_secs());
    let expected = format!("{kid} (EdDSA): signs from {date}; everybody can read it until then\n");
    assert_eq!(made, expected);

    let again = files.run(&["rotate"]).succeeds().stdout;
    let expected = format!(
        "{kid} (EdDSA): signs from {date} already; no other was made; sooner: users keys rotate --now\n"
    );
    assert_eq!(again, expected);

    files.run(&["rotate", "--now"]).succeeds();
    let ring = files.ring();
    assert_eq!((ring.keys.len(), &ring.keys[1].kid), (2, kid));
    let time = signs_in(&ring.keys[1]);
    assert!(time <= 60, "{time}");
}

#[test]
fn retire_takes_out_what_signs_nothing() {
    // The first one's last token has expired, the second one's has not.
    let ring = ring(&[99_999, 50_000, 100]);
    let files = Files::with(&ring);
    let (old, last, active) = (kids(&ring)[0], kids(&ring)[1], kids(&ring)[2]);
    files.run(&["retire", active]).fails(
        1,
        &format!("{active} signs now; let another one follow first: users keys rotate"),
    );
    let until = users::output::date(ring.keys[2].sign_from.as_secs() + 35 * 60);
    files.run(&["retire", last]).fails(
        1,
        &format!("tokens that {last} has signed can still be valid until {until}; to end them at once: users keys revoke {last}"),
    );
    let mut shorter = files.command(&["retire", last]);
    shorter.env("ACCESS_TOKEN_EXPIRE_MINUTES", "0");
    finish(shorter, "").fails(
        2,
        "ACCESS_TOKEN_EXPIRE_MINUTES: not a whole number from 1 up",
    );
    assert_eq!(files.ring().keys.len(), 3);

    let done = files.run(&["retire", old]).succeeds().stdout;
    assert_eq!(
        done,
        format!("{old} (EdDSA): removed; all its tokens have expired\n")
    );
    files.run(&["rotate"]).succeeds();
    let next = files.ring().keys[2].kid.clone();
    let done = files.run(&["retire", &next]).succeeds().stdout;
    assert_eq!(
        done,
        format!("{next} (EdDSA): withdrawn before it signed\n")
    );
    assert_eq!(kids(&files.ring()), [last, active]);
}

#[test]
fn retire_waits_as_long_as_the_functions_tokens_are_valid() {
    let ring = ring(&[50_000, 600]);
    let files = Files::with(&ring);
    for (minutes, code) in [("30", 1), ("6", 1), ("4", 0)] {
        let mut command = files.command(&["retire", kids(&ring)[0]]);
        command.env("ACCESS_TOKEN_EXPIRE_MINUTES", minutes);
        assert_eq!(finish(command, "").code, code, "{minutes}");
    }
}

#[test]
fn revoke_ends_a_key_and_another_one_signs_at_once() {
    let first = ring(&[100]);
    let files = Files::with(&first);
    let kid = kids(&first)[0];
    let done = files.run(&["revoke", kid]).succeeds().stdout;
    let ring = files.ring();
    let new = kids(&ring)[1];
    assert_eq!(
        done,
        format!("{kid}: revoked; its tokens are refused within 5 minutes\n{new} (EdDSA): signs\n")
    );
    assert!(ring.keys[0].revoked && ring.keys[0].signing.is_none());
    assert_eq!(signs_in(&ring.keys[1]), 0);
    // To do it again, as after a stop, changes nothing.
    files.run(&["revoke", kid]).succeeds();
    assert_eq!(kids(&files.ring()), [kid, new]);
}

#[test]
fn list_tells_what_each_key_is_and_shows_no_private_part() {
    let mut ring = ring(&[50_000, 1000, 100]);
    ring.keys[1].revoked = true;
    ring.tidy(Duration::from_secs(now()));
    let files = Files::with(&ring);
    files.run(&["rotate"]).succeeds();
    let ring = files.ring();
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
    files.run(&["list"]).says(0, &expected, "");

    let shown = files.json(&["list"]);
    assert_eq!(shown["published"], true);
    let expected = json!({
        "kid": kid[0], "algorithm": "EdDSA", "state": "retired", "sign_from": time(0),
        "signed_until": time(1), "needed_until": time(1) + 35 * 60,
    });
    assert_eq!(shown["keys"][3], expected);
    let private = fs::read_to_string(files.path("keys.json")).unwrap();
    let private: Value = serde_json::from_str(&private).unwrap();
    let der = private["keys"][2]["der"].as_str().unwrap();
    for output in [shown.to_string(), files.run(&["list"]).stdout] {
        assert!(
            !output.contains("der") && !output.contains(&der[..20]),
            "{output}"
        );
    }
}

#[test]
fn a_command_that_was_stopped_between_the_two_files_is_made_good_by_the_next() {
    let ring = ring(&[100]);
    let files = Files::with(&ring);
    let mut more = ring.public();
    more.keys.extend(super::ring(&[0]).public().keys);
    fs::write(files.path("keys.public.json"), more.to_json().unwrap()).unwrap();
    let list = files.run(&["list"]).succeeds();
    let note =
        "the public keys are not those of these keys; to write them anew: users keys generate\n";
    assert_eq!(list.stderr, note);
    assert_eq!(files.json(&["list"])["published"], false);
    files.run(&["generate"]).succeeds();
    assert_eq!(kids(&files.ring()), kids(&ring));

    fs::remove_file(files.path("keys.public.json")).unwrap();
    assert_eq!(files.json(&["list"])["published"], false);
    files.run(&["rotate"]).succeeds();
    assert_eq!(files.ring().keys.len(), 2);
}

#[test]
fn two_at_once_make_one_key() {
    let files = Files::none();
    let start = |_| {
        files
            .command(&["generate", "--algorithm", "RS256"])
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..4).map(start).collect();
    let outputs = children
        .into_iter()
        .map(|child| child.wait_with_output().unwrap());
    let outputs: Vec<_> = outputs
        .map(|output| String::from_utf8(output.stdout).unwrap())
        .collect();
    let made = outputs
        .iter()
        .filter(|text| text.contains("signs now"))
        .count();
    assert_eq!(made, 1, "{outputs:?}");
    assert_eq!(files.ring().keys.len(), 1);
}

#[test]
fn without_keys_the_way_to_the_first_is_named() {
    let files = Files::none();
    for arguments in [
        &["rotate"][..],
        &["list"],
        &["retire", "abcd"],
        &["revoke", "abcd"],
    ] {
        files.run(arguments).fails(
            1,
            "there are no keys yet; make the first with: users keys generate",
        );
    }
}

#[test]
fn a_key_is_named_by_its_beginning_and_one_that_is_not_there_is_refused() {
    let two = ring(&[50_000, 100]);
    let files = Files::with(&two);
    let (old, active) = (kids(&two)[0], kids(&two)[1]);
    let known = format!("there are: {old}, {active}\n  what they are: users keys list");
    for command in ["retire", "revoke"] {
        let run = files.run(&[command, "abc"]);
        run.fails(2, &format!("no key \"abc\"; {known}"));
    }
    files.run(&["revoke", &old[..4]]).succeeds();
    assert!(files.ring().keys[0].revoked);
}

/// About one kid in 64 begins with a hyphen.
#[test]
fn a_key_whose_name_begins_with_a_hyphen_is_no_option() {
    let files = Files::with(&ring(&[100]));
    for kid in ["-hxyz", "--abc", "-json"] {
        files
            .run(&["revoke", kid])
            .fails(2, &format!("no key \"{kid}\""));
        let run = files.run(&["retire", kid, "--json"]);
        assert!(run.stderr.starts_with("{\"error\":\"no key"), "{run:?}");
    }
    let run = files.run(&["retire", "--json", "-abcd"]);
    assert!(run.stderr.starts_with("{\"error\":\"no key"), "{run:?}");
}

#[test]
fn a_file_that_is_no_ring_is_named_and_left_alone() {
    let files = Files::none();
    fs::write(files.path("keys.json"), "{}").unwrap();
    for arguments in [&["generate"][..], &["list"]] {
        let run = files.run(arguments);
        run.fails(
            1,
            "keys.json cannot be read: a member is missing or has the wrong type, at line 1",
        );
        assert!(run.stderr.contains("put back a copy of them"), "{run:?}");
    }
    assert_eq!(fs::read_to_string(files.path("keys.json")).unwrap(), "{}");
}

#[test]
fn a_place_that_is_none_is_refused_without_repeating_it() {
    let secret = ring(&[100]).to_json().unwrap();
    for place in ["", "file:", "dynamodb:", "keys.json", &secret] {
        let mut command = bare(&["keys", "list"]);
        command.env("SIGNING_KEYS", place);
        let run = finish(command, "");
        run.fails(2, "which keys? name the deployed stack with --stack NAME");
        assert!(!run.stderr.contains("\"der\""), "{run:?}");
    }
}
