//! Images as the tests make them: layers of noise that nobody else has, so that each is really downloaded.

use std::fs::File;
use std::io::Read;
use std::time::{Duration, Instant};

use seatrial_tests::Engine;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

/// Gives the engine an image of this name, with as many layers of so many bytes each.
pub fn load(reference: &str, layers: usize, bytes: usize) {
    let layers: Vec<_> = (0..layers).map(|_| tar_of(&[("noise", &noise(bytes))])).collect();
    let names: Vec<_> = (0..layers.len()).map(|n| format!("layer-{n}.tar")).collect();
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": layers.iter().map(|layer| sha256(layer)).collect::<Vec<_>>() },
    })
    .to_string();
    let manifest = json!([{ "Config": "config.json", "RepoTags": [reference], "Layers": names }]).to_string();
    let mut files = vec![("config.json", config.as_bytes()), ("manifest.json", manifest.as_bytes())];
    files.extend(names.iter().zip(&layers).map(|(name, layer)| (name.as_str(), layer.as_slice())));
    let headers = [("Content-Type", "application/x-tar")];
    let answer = Engine::from_env().send("POST", "/images/load?quiet=1", &headers, &tar_of(&files));
    assert_no_error("load", &answer.expect("the engine answers"));
}

/// Gives an image one more name.
pub fn tag(image: &str, repository: &str, tag: &str) {
    let target = format!("/images/{image}/tag?repo={repository}&tag={tag}");
    let answer = Engine::from_env().request("POST", &target, None).expect("the engine answers");
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// Pushes an image, and returns its digest.
pub fn push(repository: &str, tag: &str, credentials: &str) -> String {
    let target = format!("/images/{repository}/push?tag={tag}");
    let headers = [("X-Registry-Auth", credentials)];
    let answer = Engine::from_env().send("POST", &target, &headers, &[]).expect("the engine answers");
    let told = assert_no_error("push", &answer);
    let digest = told.iter().find_map(|line| line["aux"]["Digest"].as_str());
    digest.expect("the digest of what was pushed").to_owned()
}

/// Returns the engine's id of an image; `None` if it has none.
pub fn id_of(reference: &str) -> Option<String> {
    let answer = Engine::from_env().request("GET", &format!("/images/{reference}/json"), None);
    let answer = answer.expect("the engine answers");
    match answer.status {
        200 => Some(
            serde_json::from_slice::<Value>(&answer.body).expect("JSON")["Id"]
                .as_str()
                .expect("an id")
                .to_owned(),
        ),
        404 => None,
        other => panic!("the engine answers {other}: {}", answer.text()),
    }
}

/// Removes all names that images have in a repository, and images that have no other.
///
/// A container of the image may be on its way out still: it is waited for.
pub fn remove_repository(repository: &str) {
    let start = Instant::now();
    loop {
        let names = names_in(repository);
        if names.is_empty() {
            return;
        }
        if start.elapsed() > Duration::from_secs(15) {
            assert!(std::thread::panicking(), "images are left: {names:?}");
            return;
        }
        for name in names {
            // A digest goes with the last tag of its repository: an answer of 404 is as good.
            let _ = Engine::from_env().request("DELETE", &format!("/images/{name}"), None);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Returns the tags and digests that images have in a repository.
fn names_in(repository: &str) -> Vec<String> {
    let images = Engine::from_env().get("/images/json?digests=1").expect("the engine lists images");
    let images = images.as_array().into_iter().flatten();
    let names = images.flat_map(|image| [&image["RepoTags"], &image["RepoDigests"]]);
    let names = names.flat_map(|names| names.as_array().into_iter().flatten()).filter_map(Value::as_str);
    let is_in = |name: &&str| name.strip_prefix(repository).is_some_and(|rest| rest.starts_with([':', '@']));
    // Docker's way to say that an image has no tag, or no digest.
    names.filter(is_in).filter(|name| !name.ends_with("<none>")).map(str::to_owned).collect()
}

/// Parses the lines of an answer that reports its progress, and panics if one of them is an error.
fn assert_no_error(what: &str, answer: &seatrial_tests::EngineAnswer) -> Vec<Value> {
    let text = answer.text();
    assert!(
        answer.status == 200 && !text.contains("\"error\""),
        "failed to {what}: {} {text}",
        answer.status
    );
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, name, *content).expect("memory has room");
    }
    archive.into_inner().expect("memory has room")
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut noise)).expect("noise");
    noise
}

fn sha256(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
