//! File systems of a container, as the engine shows them and as the container sees them.

use std::fs;

use seatrial::Volume;
use seatrial_test_support::own_session::{OwnSession, look_at};
use seatrial_tests::Engine;
use serde_json::Value;

/// Returns the mount at this place from an inspect's answer.
fn mount_at<'a>(container: &'a Value, place: &str) -> &'a Value {
    let mounts = container["Mounts"].as_array().expect("mounts");
    mounts.iter().find(|mount| mount["Destination"] == place).unwrap_or_else(|| panic!("nothing at {place}"))
}

/// C4: bind mounts, volumes and temporary file systems reach the engine and the container.
#[tokio::test]
async fn mounts_of_every_kind_reach_the_engine_and_the_container() {
    let session = OwnSession::begin("storage").await;
    let volume = Volume::create_in(&session).await.expect("a volume");
    let folder = tempfile::tempdir().expect("a folder");
    let host = folder.path().to_str().expect("unicode");
    let container = session
        .shell("exec sleep 1000")
        .bind(host, "/bound")
        .bind_read_only(host, "/bound-ro")
        .volume(volume.name(), "/named")
        .anonymous_volume("/unnamed")
        .tmpfs("/memory", "size=64k")
        .read_only_root()
        .start()
        .await
        .expect("it starts");
    let engine = look_at(&container);
    for (place, kind, source, writable) in [
        ("/bound", "bind", Some(("Source", host)), true),
        ("/bound-ro", "bind", Some(("Source", host)), false),
        ("/named", "volume", Some(("Name", volume.name())), true),
        ("/unnamed", "volume", None, true),
    ] {
        let mount = mount_at(&engine, place);
        assert_eq!((&mount["Type"], &mount["RW"]), (&Value::from(kind), &Value::from(writable)), "{place}");
        if let Some((key, source)) = source {
            assert_eq!(mount[key], source, "{place}");
        }
    }
    assert_eq!(engine["HostConfig"]["Tmpfs"]["/memory"], "size=64k");
    assert_eq!(engine["HostConfig"]["ReadonlyRootfs"], true);
    let line = "for dir in /bound /bound-ro /named /unnamed /memory /; do
        touch $dir/file 2>/dev/null && echo $dir; done; df -k /memory | tail -1 | awk '{ print $2 }'";
    let seen = container.exec(["sh", "-c", line]).await.expect("it runs").stdout_text();
    assert_eq!(seen, "/bound\n/named\n/unnamed\n/memory\n64\n");
    assert!(fs::exists(folder.path().join("file")).expect("the folder can be read"));
}

/// C4, C10: an anonymous volume is removed with its container; a named one stays until its owner goes.
#[tokio::test]
async fn a_removal_takes_the_anonymous_volume_and_leaves_the_named_one() {
    let session = OwnSession::begin("storage-removal").await;
    let volume = Volume::create_in(&session).await.expect("a volume");
    let request = session.idle().volume(volume.name(), "/named").anonymous_volume("/unnamed");
    let container = request.start().await.expect("it starts");
    let unnamed = mount_at(&look_at(&container), "/unnamed")["Name"].as_str().expect("a name").to_owned();
    container.remove().await.expect("it goes");
    let status = |name: &str| {
        let answer = Engine::from_env().request("GET", &format!("/volumes/{name}"), None);
        answer.expect("the engine answers").status
    };
    assert_eq!([status(&unnamed), status(volume.name())], [404, 200]);
    let name = volume.name().to_owned();
    volume.remove().await.expect("nothing uses it");
    assert_eq!(status(&name), 404);
}
