//! Archives that no honest engine would send: a proxy answers in the engine's place.

use std::fs;
use std::path::PathBuf;

use seatrial::{Result, TestContainer, container::CopiedOut};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{Answer, EngineProxy, Fault, Matcher};
use tar::{EntryType, Header};
use tempfile::TempDir;

use super::tree::list_host;

/// One entry, with names that are taken as they are.
#[derive(Clone)]
struct Entry {
    kind: EntryType,
    name: String,
    link: String,
    content: &'static str,
}

fn file(name: &str) -> Entry {
    Entry { kind: EntryType::Regular, name: name.to_owned(), link: String::new(), content: "evil" }
}

fn dir(name: &str) -> Entry {
    Entry { kind: EntryType::Directory, name: name.to_owned(), link: String::new(), content: "" }
}

fn symlink(name: &str, to: &str) -> Entry {
    Entry { kind: EntryType::Symlink, name: name.to_owned(), link: to.to_owned(), content: "" }
}

fn hard_link(name: &str, to: &str) -> Entry {
    Entry { kind: EntryType::Link, name: name.to_owned(), link: to.to_owned(), content: "" }
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let mut header = Header::new_gnu();
        // The setters would refuse this, so the body is changed directly.
        let fields = header.as_old_mut();
        fields.name[..entry.name.len()].copy_from_slice(entry.name.as_bytes());
        fields.linkname[..entry.link.len()].copy_from_slice(entry.link.as_bytes());
        header.set_entry_type(entry.kind);
        header.set_mode(0o755);
        header.set_size(entry.content.len() as u64);
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(entry.content.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// A container behind a proxy, and a folder of the host with a place to copy to and one that must not be touched.
struct Setup {
    // The order matters: the session sees the container go, which needs the proxy.
    container: TestContainer,
    _session: OwnSession,
    proxy: EngineProxy,
    host: TempDir,
}

impl Setup {
    async fn new() -> Self {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, "hostile").await;
        let container = session.idle().start().await.expect("it starts");
        let host = tempfile::tempdir().expect("a folder");
        fs::create_dir(host.path().join("outside")).expect("made");
        fs::write(host.path().join("outside/precious"), "precious").expect("written");
        Self { container, host, proxy, _session: session }
    }

    fn outside(&self) -> PathBuf {
        self.host.path().join("outside")
    }

    fn target(&self) -> PathBuf {
        self.host.path().join("target")
    }

    async fn copy(&self, entries: &[Entry]) -> Result<CopiedOut> {
        self.proxy.clear_rules();
        let answer = Answer::new(200).header("Content-Type", "application/x-tar").body(archive(entries));
        self.proxy.on(Matcher::new("GET", "/archive"), Fault::Answer(answer));
        self.container.copy_out("/d", self.target()).await
    }

    /// Checks that nothing but the target was touched.
    #[track_caller]
    fn assert_untouched_outside(&self, what: &str) {
        let listed = list_host(self.host.path(), "-");
        let names = listed.iter().map(|line| line.split(' ').nth(4).expect("a path"));
        let found: Vec<_> = names.filter(|name| !name.starts_with("target")).collect();
        assert_eq!(found, ["outside", "outside/precious"], "{what}");
        let precious = fs::read_to_string(self.outside().join("precious")).expect("readable");
        assert_eq!(precious, "precious", "{what}");
    }
}

/// C20: an archive with an entry that points outside is an error that names the entry.
#[tokio::test]
async fn an_archive_that_would_write_elsewhere_is_an_error_that_names_the_entry() {
    let setup = Setup::new().await;
    let outside = setup.outside().display().to_string();
    let cases: Vec<(Vec<Entry>, String)> = vec![
        (vec![dir("d/"), file("d/../../outside/evil")], "d/../../outside/evil".into()),
        (vec![file("../outside/evil")], "../outside/evil".into()),
        (vec![dir("d/"), file("d/fine"), dir("d/../../outside/evil/")], "d/../../outside/evil".into()),
        (vec![file(&format!("{outside}/evil"))], format!("{outside}/evil")),
        (vec![dir("d/"), file("e/evil")], "e/evil".into()),
        (vec![dir("d/"), symlink("d/../../outside/evil", "precious")], "d/../../outside/evil".into()),
        (vec![dir("d/"), hard_link("d/evil", &format!("{outside}/precious"))], "d/evil".into()),
        (vec![dir("d/"), hard_link("d/evil", "../outside/precious")], "d/evil".into()),
        (vec![dir("d/"), hard_link("d/evil", "d/../../outside/precious")], "d/evil".into()),
        // A link that stays inside, and then an entry that goes through it.
        (vec![dir("d/"), dir("d/sub/"), symlink("d/to", "sub"), file("d/to/evil")], "d/to/evil".into()),
        (vec![dir("d/"), symlink("d/to", "later"), file("d/to")], "d/to".into()),
        (vec![symlink("d", &outside), file("d/evil")], "d".into()),
    ];
    for (entries, name) in cases {
        let error = setup.copy(&entries).await.expect_err(&name);
        let text = error.to_string();
        assert!(error.is_files() && text.contains(&format!("entry `{name}")), "{text}");
        assert!(text.contains(&format!("`/d` in {}", setup.container)), "{text}");
        setup.assert_untouched_outside(&name);
        assert!(fs::symlink_metadata(setup.target()).is_err(), "{name} left a target");
    }
}

/// C20: a link that points outside is left out and listed, and nothing is written through it.
#[tokio::test]
async fn a_link_that_points_out_is_left_out_and_said() {
    let setup = Setup::new().await;
    let outside = setup.outside().display().to_string();
    for to in [outside.as_str(), "../outside", "../../outside", "sub/../../outside", "/"] {
        let entries =
            [dir("d/"), symlink("d/to", to), file("d/to/evil"), file("d/to/precious"), file("d/fine")];
        let copied = setup.copy(&entries).await.expect("the rest is fine");
        assert!(copied.skipped.len() == 1, "{:?}", copied.skipped);
        assert!(copied.skipped[0].contains("d/to") && copied.skipped[0].contains(to), "{:?}", copied.skipped);
        setup.assert_untouched_outside(to);
        assert!(fs::symlink_metadata(setup.target().join("fine")).expect("there").is_file());
        assert!(!fs::symlink_metadata(setup.target().join("to")).is_ok_and(|meta| meta.is_symlink()), "{to}");
        fs::remove_dir_all(setup.target()).expect("it was there");
    }
}

/// C20: a link that the target has already is not followed.
#[tokio::test]
async fn a_link_in_the_target_is_not_followed() {
    let setup = Setup::new().await;
    fs::create_dir(setup.target()).expect("made");
    std::os::unix::fs::symlink(setup.outside(), setup.target().join("to")).expect("linked");
    std::os::unix::fs::symlink(setup.outside().join("precious"), setup.target().join("file"))
        .expect("linked");
    let error = setup.copy(&[dir("d/"), dir("d/to/"), file("d/to/evil")]).await.expect_err("in the way");
    assert!(error.is_files() && error.to_string().contains("target/to`"), "{error}");
    setup.assert_untouched_outside("a directory over a link");
    setup.copy(&[dir("d/"), file("d/file")]).await.expect("a file replaces a link");
    setup.assert_untouched_outside("a file over a link");
    assert!(fs::symlink_metadata(setup.target().join("file")).expect("there").is_file());
}

/// C20: devices are not created, and set-id bits are not kept.
#[tokio::test]
async fn devices_and_set_id_bits_stay_in_the_container() {
    let setup = Setup::new().await;
    let device = Entry { kind: EntryType::Char, ..file("d/device") };
    let device = Entry { content: "", ..device };
    let copied = setup.copy(&[dir("d/"), device, file("d/program")]).await.expect("the rest is fine");
    assert!(copied.skipped.len() == 1 && copied.skipped[0].contains("d/device"), "{:?}", copied.skipped);
    assert_eq!(list_host(&setup.target(), "-").len(), 1);
}

/// C20: an answer that is not an archive is an error, and nothing is written.
#[tokio::test]
async fn an_answer_that_is_no_archive_is_an_error_and_leaves_nothing() {
    let setup = Setup::new().await;
    for body in [Vec::new(), vec![0; 1024], b"this is no archive".repeat(100), vec![0xff; 5000]] {
        setup.proxy.clear_rules();
        let answer = Fault::Answer(Answer::new(200).body(body.clone()));
        setup.proxy.on(Matcher::new("GET", "/archive"), answer);
        let error = setup.container.copy_out("/d", setup.target()).await.expect_err("no archive");
        assert!(error.is_protocol() && error.to_string().contains("/d"), "{} bytes: {error}", body.len());
        setup.assert_untouched_outside("rubbish");
        assert!(fs::symlink_metadata(setup.target()).is_err());
    }
}
