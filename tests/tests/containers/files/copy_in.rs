//! Copies into a container, as the container itself sees them.

use std::fs;
use std::io::Cursor;
use std::os::unix::fs::symlink;

use seatrial::CopyIn;
use seatrial_test_support::own_session::OwnSession;

use super::tree::{list_after_start, list_host, list_in, time, tree};

/// C19: modes, times, links, empty directories, odd and long names arrive unchanged; the owner is root by default.
#[tokio::test]
async fn a_directory_copied_before_the_start_is_in_the_container_as_in_the_host() {
    let session = OwnSession::begin("copy-in").await;
    let host = tree();
    let request = session.misbehave(&[]).copy_in(CopyIn::dir(host.path(), "/made/here"));
    assert_eq!(list_after_start(request, "/made/here").await, list_host(host.path(), "0 0"));
}

/// C19: a copy into a running container has the same result.
#[tokio::test]
async fn a_directory_copied_while_the_container_runs_is_there_as_in_the_host() {
    let session = OwnSession::begin("copy-in").await;
    let host = tree();
    let container = session.idle().start().await.expect("it starts");
    container.copy_in(CopyIn::dir(host.path(), "/made/here/")).await.expect("it is copied");
    assert_eq!(list_in(&container, "/made/here").await, list_host(host.path(), "0 0"));
}

/// C19, C21: a tree of links to files elsewhere is in the container as the files themselves, copied or mounted, where
/// links are to be followed; a link that leads nowhere is refused.
#[tokio::test]
async fn a_tree_of_links_is_in_the_container_as_files_where_links_are_followed() {
    let session = OwnSession::begin("follow-links").await;
    let (store, tree) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    fs::create_dir(store.path().join("lib")).expect("made");
    fs::write(store.path().join("lib/a"), "a\n").expect("written");
    fs::write(store.path().join("b"), "b\n").expect("written");
    let root = tree.path().join("runfiles");
    fs::create_dir(&root).expect("made");
    symlink(store.path().join("lib"), root.join("lib")).expect("linked");
    symlink(store.path().join("b"), root.join("b")).expect("linked");
    let request = session
        .idle()
        .copy_in(CopyIn::dir(&root, "/copied").follow_links())
        .mount_files([&root], "/mounted")
        .follow_links();
    let container = request.start().await.expect("it starts");
    container.copy_in(CopyIn::dir(&root, "/later").follow_links()).await.expect("copied");
    for dir in ["/copied", "/mounted/runfiles", "/later"] {
        for (name, content) in [("lib/a", "a\n"), ("b", "b\n")] {
            let found = container.read_file(&format!("{dir}/{name}"), 1_000).await.expect(name);
            assert_eq!(found, content, "{dir}/{name}");
        }
    }
    symlink("nowhere", root.join("c")).expect("linked");
    let copied = session.idle().copy_in(CopyIn::dir(&root, "/x").follow_links());
    for request in [copied, session.idle().mount_files([&root], "/x").follow_links()] {
        let error = request.start().await.expect_err("a link leads nowhere");
        assert!(error.is_files() && error.to_string().contains("is a link to `nowhere`"), "{error}");
    }
}

/// C19: a given owner owns everything that is copied, including the directory itself.
#[tokio::test]
async fn a_given_owner_has_all_of_a_directory() {
    let session = OwnSession::begin("owner").await;
    let host = tree();
    let container = session.idle().start().await.expect("it starts");
    container.copy_in(CopyIn::dir(host.path(), "/above/data").owner(1000, 70_000)).await.expect("copied");
    assert_eq!(list_in(&container, "/above/data").await, list_host(host.path(), "1000 70000"));
    let above = list_in(&container, "/above").await;
    assert!(above[0].starts_with('d') && above[0].contains(" 1000 70000 - "), "{above:?}");
}

/// C19: a file, bytes and a reader each get the mode, owner and time that were given, or the default.
#[tokio::test]
async fn files_bytes_and_readers_have_what_they_were_given() {
    let session = OwnSession::begin("sources").await;
    let host = tree();
    let reader = || Ok(Cursor::new(b"read".to_vec()));
    let request = session
        .misbehave(&[])
        .copy_in(CopyIn::file(host.path().join("plain"), "/in/file"))
        .copy_in(CopyIn::file(host.path().join("link"), "/in/linked").mode(0o4711).owner(7, 8))
        .copy_in(CopyIn::bytes("given", "/in/bytes").mtime(time(1_500_000_000)))
        .copy_in(CopyIn::reader(reader, 4, "/in/reader").mode(0o600).owner(9, 10).mtime(time(1)));
    assert_eq!(
        list_after_start(request.clone(), "/in").await,
        [
            "-0644 0 0 5 1500000000 bytes",
            "-0640 0 0 13 1000000000 file",
            "-4711 7 8 23 1100000000 linked",
            "-0600 9 10 4 1 reader",
        ]
    );
    let cat = ["cat", "/in/file", "cat", "/in/linked", "cat", "/in/bytes", "cat", "/in/reader"];
    let output = request.cmd(cat).run().await.expect("a request can be used again");
    assert_eq!(output.stdout_text(), "a plain file\n#!/bin/sh\necho it runs\ngivenread");
}

/// C19: a mode for a directory applies to its files, and directories can be entered by all who can read them.
#[tokio::test]
async fn a_mode_for_a_directory_is_that_of_its_files() {
    let session = OwnSession::begin("mode").await;
    let host = tempfile::tempdir().expect("a folder");
    fs::create_dir(host.path().join("sub")).expect("made");
    fs::write(host.path().join("sub/file"), "x").expect("written");
    let request = session.misbehave(&[]).copy_in(CopyIn::dir(host.path(), "/in").mode(0o640).mtime(time(5)));
    let listed = list_after_start(request, "/in").await;
    assert_eq!(listed, ["d0750 0 0 - 5 sub", "-0640 0 0 1 5 sub/file"]);
}

/// C19: missing directories are created for root, and existing ones stay unchanged.
#[tokio::test]
async fn directories_that_are_there_stay_as_they_are() {
    let session = OwnSession::begin("parents").await;
    let host = tree();
    let container = session.idle().start().await.expect("it starts");
    let line = ["/misbehave", "mkdir", "1777", "/top/open"];
    assert_eq!(container.exec(line).await.expect("it runs").exit_code, 0);
    let sources = [
        CopyIn::bytes("x", "/top/open/new/file").owner(5, 5),
        CopyIn::dir(host.path().join("sub"), "/top/open"),
    ];
    container.copy_all_in(sources).await.expect("it is copied");
    let attributes: Vec<_> = list_in(&container, "/top")
        .await
        .iter()
        .map(|line| {
            let words: Vec<_> = line.split(' ').collect();
            [words[0], words[1], words[5]].join(" ")
        })
        .collect();
    assert_eq!(
        attributes,
        [
            "d1777 0 open",
            "d1777 0 open/empty",
            "d0755 0 open/new",
            "-0644 5 open/new/file",
            "-0755 0 open/run.sh"
        ]
    );
}

/// C19: a copy replaces a file of the same name.
#[tokio::test]
async fn a_file_that_is_there_is_replaced() {
    let session = OwnSession::begin("replace").await;
    let container = session.idle().start().await.expect("it starts");
    for content in ["the first, which is long", "the second"] {
        container.copy_in(CopyIn::bytes(content, "/in/file")).await.expect("it is copied");
        let output = container.exec(["/misbehave", "cat", "/in/file"]).await.expect("it runs");
        assert_eq!(output.stdout_text(), content);
    }
}

/// C19: a file with an owner and mode 400 can be read by its owner only.
#[tokio::test]
async fn a_secret_file_is_read_by_its_owner_alone() {
    let session = OwnSession::begin("secret").await;
    let secret = CopyIn::bytes("secret", "/run/secret").mode(0o400).owner(1000, 1000);
    let request = session.misbehave(&["cat", "/run/secret"]).copy_in(secret);
    let own = request.clone().user("tester").run().await.expect("it runs");
    assert_eq!((own.stdout_text().as_str(), own.exit_code()), ("secret", Some(0)));
    let other = request.user("nobody").run().await.expect("it runs");
    assert_eq!((other.stdout_text().as_str(), other.exit_code()), ("", Some(74)));
}

/// C19: files are copied into volumes, too, at the path that the container sees.
#[tokio::test]
async fn a_file_goes_into_a_volume_before_the_start() {
    let session = OwnSession::begin("volume").await;
    let request = session
        .misbehave(&["cat", "/volume/file"])
        .anonymous_volume("/volume")
        .copy_in(CopyIn::bytes("in it", "/volume/file"));
    assert_eq!(request.run().await.expect("it runs").stdout_text(), "in it");
}
