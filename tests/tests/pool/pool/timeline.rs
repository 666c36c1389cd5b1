//! The timeline in a real browser: it renders, and shows what happened.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use seatrial::{ContainerPool, Lease};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::Browser;

use super::{quiet, says};

/// Cases on all members, then one alone while others wait, then a member that is replaced.
async fn busy(pool: &ContainerPool) {
    let cases =
        ["migrates the schema", "loads ships", "<b>weighs & anchors</b>", "signs the crew on", "sails"];
    let work = |case: &'static str| async move {
        let lease = pool.get().await.expect("a container");
        lease.label(case);
        assert_eq!(says(&lease, "echo done").await, "done");
    };
    futures_util::future::join_all(cases.map(work)).await;
    let alone = async {
        let lease = pool.get_exclusive().await.expect("a container");
        lease.label("inspects the hull");
        says(&lease, "true").await;
    };
    futures_util::future::join3(work("casts off"), alone, work("returns")).await;
    Lease::discard(pool.get().await.expect("a container"));
    work("is replaced meanwhile").await;
    drop(pool.lock_out().await.expect("the pool"));
}

/// P10: the timeline is drawn in a real browser, in the light and in the dark theme.
#[tokio::test]
async fn the_timeline_renders_and_shows_labels_under_the_pointer() {
    let session = OwnSession::begin("pool-timeline").await;
    let named = quiet(&session).name(session.id().as_str());
    let pool = ContainerPool::builder(named).size(3).build().await.expect("a pool");
    busy(&pool).await;
    pool.close().await.expect("it ends");
    let timeline = pool.timeline();
    let accounting = timeline.accounting();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("timeline.html");
    timeline.write_html(&file).await.expect("written");

    let mut browser = Browser::start(1100, 740);
    browser.open(&file);
    let count = |browser: &mut Browser, selector: &str| {
        browser.value(&format!("document.querySelectorAll({selector:?}).length")).as_u64()
    };
    assert_eq!(count(&mut browser, ".lane"), Some(3));
    let intervals: usize = accounting
        .members
        .iter()
        .map(|member| member.intervals.iter().filter(|interval| interval.from < interval.to).count())
        .sum();
    assert_eq!(count(&mut browser, ".lane .interval"), Some(intervals as u64));
    assert_eq!(count(&mut browser, ".window"), Some(accounting.windows.len() as u64));
    assert_eq!(accounting.windows.len(), 2, "the exclusive lease and the lock-out");
    assert_eq!(count(&mut browser, ".queue"), Some(2));
    let waits = accounting.longest_waits.len().min(20);
    assert_eq!(count(&mut browser, "#waits tbody tr"), Some(waits as u64));
    let drawn = browser.value("document.querySelector('.utilization').getBBox().height");
    assert!(drawn.as_f64().is_some_and(|height| height > 1.0), "the utilization is a line: {drawn}");

    for label in ["loads ships", "<b>weighs & anchors</b>", "inspects the hull"] {
        browser.hover(&format!("[data-label={label:?}]"));
        let tip = browser.value("getComputedStyle(tip).display + ' ' + tip.textContent");
        let tip = tip.as_str().expect("text");
        assert!(tip.starts_with(&format!("block {label}\n")), "{label}: {tip}");
    }
    browser.hover("#title");
    assert_eq!(browser.value("getComputedStyle(tip).display"), "none");

    let mut colours = Vec::new();
    for scheme in ["dark", "light"] {
        browser.prefer(scheme);
        let style = "(style => [style.color, style.backgroundColor])(getComputedStyle(document.body))";
        colours.push(browser.value(style));
    }
    assert_ne!(colours[0][0], colours[1][0], "the ink");
    assert_ne!(colours[0][1], colours[1][1], "the paper");

    let picture = BASE64_STANDARD.decode(browser.screenshot()).expect("base64");
    assert!(picture.starts_with(b"\x89PNG"), "a picture");
    // This makes the README's picture.
    if let Some(path) = std::env::var_os("TIMELINE_PNG") {
        std::fs::write(path, picture).expect("written");
    }
    assert_eq!(browser.complaints(), [""; 0]);
}
