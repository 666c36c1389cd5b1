//! The report at the end, and dry runs.

use seatrial_tests::Reaper;
use serde_json::Value;

use super::fixture::{container, label, left, reap, volume};

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON")
}

#[test]
fn the_report_lists_the_removed_resources_of_each_session() {
    let labels = [label(), label()];
    let ids = [container(&labels[0]), volume(&labels[1])];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    let reaper = Reaper::start(&[("REAPER_REPORT", &path.display().to_string())]);
    let mut client = reaper.connect();
    labels.iter().for_each(|label| client.filter(&format!("label={label}")));
    drop(client);
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    let report = read(&path);
    let printed = end.line("\"sessions\"");
    assert_eq!(serde_json::from_str::<Value>(printed).expect("JSON"), report);
    assert_eq!(report["failure"], Value::Null);
    assert!(report["elapsed_ms"].is_u64());
    for ((label, id), kind) in labels.iter().zip(&ids).zip(["container", "volume"]) {
        let filter = format!("label={label}");
        let sessions = report["sessions"].as_array().expect("a list");
        let session =
            sessions.iter().find(|session| session["filter"] == filter.as_str()).expect("it is there");
        let removed = &session["removed"][0];
        assert_eq!((removed["kind"].as_str(), removed["id"].as_str()), (Some(kind), Some(id.as_str())));
        assert!(removed["age_seconds"].is_u64() && removed["took_ms"].is_u64(), "{removed}");
        assert!(!removed["name"].as_str().expect("a name").is_empty());
        assert_eq!(session["left"], serde_json::json!([]));
    }
}

#[test]
fn a_dry_run_names_resources_and_removes_nothing() {
    let label = label();
    let name = volume(&label);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    let variables = [("REAPER_DRY_RUN", "true"), ("REAPER_REPORT", &path.display().to_string())];
    let reaper = Reaper::start(&variables);
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(end.line("would remove").contains(&name));
    end.line("removed containers=0 networks=0 volumes=0 images=0");
    assert_eq!(read(&path)["sessions"][0]["spared"][0]["name"], name.as_str());
    assert_eq!(left(&label), [0, 0, 1, 0]);
    reap(&label);
}

/// A report that can't be written is a warning, and the resources are removed all the same.
#[test]
fn a_report_that_cannot_be_written_is_a_warning() {
    let label = label();
    volume(&label);
    let reaper = Reaper::start(&[("REAPER_REPORT", "/no/such/folder/report.json")]);
    reaper.connect().filter(&format!("label={label}"));
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(end.line("failed to write the report").contains("level=WARN"));
    assert_eq!(left(&label), [0; 4]);
}
