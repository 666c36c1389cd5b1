//! Files at places that only the container's processes see: a tmpfs, and the system's own mounts (C19, C20).

use std::fs;

use seatrial::{CopyIn, TestContainer, WaitFor};
use seatrial_test_support::observe::failed;
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::EngineProxy;

use super::tree::{list_host, list_in, tree};

/// Returns a file's content, as a program in the container reads it.
async fn cat(container: &TestContainer, path: &str) -> String {
    container.exec(["/misbehave", "cat", path]).await.expect("it runs").stdout_text()
}

/// Removes the times of directories and links, which are not kept at these places, from a list.
fn without_some_times(list: Vec<String>) -> Vec<String> {
    let without = |line: String| {
        let mut words: Vec<_> = line.splitn(6, ' ').collect();
        if !line.starts_with('-') {
            // After the type with the mode, the owner and group, or one `-` for both, and the size.
            words.remove(if words[1] == "-" { 3 } else { 4 });
        }
        words.join(" ")
    };
    list.into_iter().map(without).collect()
}

/// C19, C20: a directory copied into a tmpfs of a running container is there for its processes, and comes out again.
#[tokio::test]
async fn a_directory_goes_into_a_tmpfs_and_comes_out_as_it_went_in() {
    let session = OwnSession::begin("unreached").await;
    let host = tree();
    let container = session.idle().tmpfs("/run/made", "").start().await.expect("it starts");
    container.copy_in(CopyIn::dir(host.path(), "/run/made/here")).await.expect("it is copied");
    let there = list_in(&container, "/run/made/here").await;
    assert_eq!(without_some_times(there), without_some_times(list_host(host.path(), "0 0")));
    fs::remove_file(host.path().join("broken")).expect("it was there");
    container.exec(["/misbehave", "remove-file", "/run/made/here/broken"]).await.expect("it runs");
    let target = tempfile::tempdir().expect("a folder");
    container.copy_out("/run/made/here", target.path().join("new")).await.expect("it is copied");
    let (was, is) = (list_host(host.path(), "-"), list_host(&target.path().join("new"), "-"));
    assert_eq!(without_some_times(is), without_some_times(was));
}

/// C19, C20: the nearest mount decides on the way of each file, and a file replaces one that is there.
#[tokio::test]
async fn files_of_one_copy_go_each_to_where_the_container_sees_them() {
    let session = OwnSession::begin("unreached").await;
    let request = session.idle().tmpfs("/run/made", "").anonymous_volume("/run/made/volume");
    let container = request.start().await.expect("it starts");
    let paths = ["/run/made/a", "/run/made/volume/a", "/dev/shm/a", "/data/a"];
    let large = "0123456789abcdef".repeat(100_000);
    for content in ["first", &large, ""] {
        let sources = paths.map(|path| CopyIn::bytes(content.to_owned(), path).mode(0o640).owner(7, 8));
        container.copy_all_in(sources).await.expect("they are copied");
        for path in paths {
            let read = container.read_file(path, 10_000_000).await.expect(path);
            assert!(read == content && cat(&container, path).await == content, "{path}: {}", read.len());
            let listed = container.exec(["/misbehave", "ls", path]).await.expect("it runs").stdout_text();
            assert!(listed.starts_with("-0640 7 8 "), "{path}: {listed}");
        }
    }
}

/// C20: files that the kernel makes up as they are read come out with all that a program in the container sees.
#[tokio::test]
async fn files_of_the_system_are_read_as_the_container_sees_them() {
    let session = OwnSession::begin("unreached").await;
    let container = session.idle().hostname("seen-inside").start().await.expect("it starts");
    for path in ["/proc/sys/kernel/hostname", "/proc/1/comm", "/sys/kernel/mm/transparent_hugepage/enabled"] {
        let read = container.read_file(path, 10_000).await.expect(path);
        assert_eq!(String::from_utf8_lossy(&read), cat(&container, path).await, "{path}");
        assert!(!read.is_empty(), "{path}");
    }
    let target = tempfile::tempdir().expect("a folder");
    container
        .copy_file_out("/proc/sys/kernel/hostname", target.path().join("name"))
        .await
        .expect("it is copied");
    assert_eq!(fs::read_to_string(target.path().join("name")).expect("readable"), "seen-inside\n");
}

/// C19, C20: an error names the path with the kernel's reason, or the mount with the container's state.
#[tokio::test]
async fn what_is_refused_is_told_with_the_path_and_the_mount() {
    let session = OwnSession::begin("unreached").await;
    let container = session.idle().tmpfs("/run/made", "size=64k").start().await.expect("it starts");
    let missing = failed(container.read_file("/run/made/none", 10).await);
    assert!(missing.is_not_found() && missing.to_string().contains("`/run/made/none`"), "{missing}");
    let large = CopyIn::bytes(vec![1; 1 << 20], "/run/made/large");
    let full = failed(container.copy_in(large).await);
    assert!(full.is_files() && full.to_string().contains("`/run/made/large`: no space is left"), "{full}");
    let unreadable =
        failed(container.copy_in(CopyIn::reader(|| Ok(std::io::empty()), 4, "/run/made/short")).await);
    assert!(unreadable.is_files() && unreadable.to_string().contains("/run/made/short"), "{unreadable}");
    let dir = failed(container.read_file("/run/made", 10).await);
    assert!(dir.is_files(), "{dir}");
    container.stop().await.expect("it stops");
    let copied = failed(container.copy_in(CopyIn::bytes("a", "/run/made/a")).await);
    let read = failed(container.read_file("/run/made/a", 10).await);
    for error in [copied, read] {
        let text = error.to_string();
        assert!(
            error.is_conflict() && text.contains("the tmpfs at `/run/made`") && text.contains("exited"),
            "{text}"
        );
    }
}

/// C19: a copy before the start is done as soon as the container runs, before it counts as ready.
#[tokio::test]
async fn a_copy_before_the_start_is_done_once_the_place_is_there() {
    let session = OwnSession::begin("unreached").await;
    let request = session.idle().tmpfs("/run/made", "").copy_in(CopyIn::bytes("early", "/data/a"));
    let request = request.copy_in(CopyIn::bytes("late", "/run/made/a"));
    let container = request.clone().wait_for(WaitFor::nothing()).start().await.expect("it starts");
    assert_eq!(
        (cat(&container, "/data/a").await, cat(&container, "/run/made/a").await),
        ("early".into(), "late".into())
    );
    let refused = failed(request.copy_in(CopyIn::bytes("1", "/proc/none")).start().await);
    assert!(refused.is_not_found() || refused.is_files(), "{refused}");
    assert!(refused.to_string().contains("/proc/none"), "{refused}");
}

/// C19, C20: other places of a container with a tmpfs are reached without a command in it.
#[tokio::test]
async fn places_beside_a_tmpfs_need_no_command() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "unreached").await;
    let request = session.idle().tmpfs("/run/made", "").copy_in(CopyIn::bytes("a", "/run/a"));
    let container = request.wait_for(WaitFor::file("/run/a")).start().await.expect("it starts");
    container.copy_in(CopyIn::bytes("b", "/run/b")).await.expect("it is copied");
    assert_eq!(container.read_file("/run/b", 10).await.expect("it is there"), "b");
    assert_eq!(proxy.count(|request| request.is("POST", "/exec")), 0);
    container.copy_in(CopyIn::bytes("c", "/run/made/c")).await.expect("it is copied");
    assert_eq!(proxy.count(|request| request.is("POST", "/exec/")), 1);
}
