//! Scripted engines, and a real one that fails at its n-th request.

use std::time::{Duration, Instant};

use seatrial::{Session, WaitFor, session::ReaperChoice};
use seatrial_test_support::own_session::{MISBEHAVE, OwnSession, own_id};
use seatrial_tests::{Answer, EngineProxy, Fault, Matcher, ScriptedEngine, Then};
use serde_json::json;

/// E1, E4: an engine that accepts connections and never answers is an error.
#[tokio::test]
async fn an_engine_that_never_answers_is_given_up() {
    let engine = ScriptedEngine::silent();
    let began = Instant::now();
    let error = Session::builder().docker_host(engine.docker_host()).build().await.expect_err("no answer");
    assert!(error.is_engine_unreachable(), "{error}");
    assert!(error.to_string().contains("the daemon hangs"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
}

/// E4: a server that answers half a head, garbage, or not as an engine is refused with the reason.
#[tokio::test]
async fn an_engine_that_answers_nonsense_is_refused_with_the_reason() {
    let error_page = Answer::new(200).header("Content-Type", "text/html").body("<html>It works!</html>");
    for (fault, reason) in [
        (Fault::half_head(), "broke the connection off"),
        (Fault::cut(), "broke the connection off"),
        (Fault::garbage(), "not HTTP"),
        (Fault::Answer(error_page), "not JSON"),
        (Fault::error(500, "the daemon is not well"), "the daemon is not well"),
        (Fault::error(404, "page not found"), "page not found"),
        (Fault::Answer(Answer::json(200, &json!({}))), "version"),
        (Fault::Answer(Answer::json(200, &json!([1, 2]))), "version"),
    ] {
        let engine = ScriptedEngine::start(fault.clone());
        let error =
            Session::builder().docker_host(engine.docker_host()).build().await.expect_err("no engine");
        assert!(error.is_engine_unreachable(), "{fault:?}: {error}");
        let text = error.to_string();
        assert!(text.to_lowercase().contains(&reason.to_lowercase()), "{fault:?}: {text}");
        assert!(text.contains(&engine.docker_host()), "{text}");
    }
}

/// E1: a creation with an invalid answer is an error that names the container.
#[tokio::test]
async fn a_creation_that_is_answered_with_nonsense_is_an_error_that_names_the_container() {
    let faults = [
        Fault::half_head(),
        Fault::garbage(),
        Fault::Answer(Answer::new(201).body("not JSON")),
        Fault::Answer(Answer::json(201, &json!({ "Id": 7 }))),
        Fault::Answer(Answer::json(201, &json!({ "Id": "", "Warnings": null }))),
        Fault::Raw(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"Id\":".to_vec(), Then::Cut),
    ];
    // They run side by side: after each one, containers that were created all the same are looked for.
    let answered = faults.map(async |fault| {
        let engine = ScriptedEngine::greeting();
        engine.on(Matcher::new("POST", "/containers/create"), fault.clone());
        engine.on(Matcher::new("GET", "/containers/json"), Fault::Answer(Answer::json(200, &json!([]))));
        let builder = Session::builder().id(own_id("nonsense")).docker_host(engine.docker_host());
        let session = builder.reaper(ReaperChoice::Off).build().await.expect("it greets");
        let request = seatrial::ContainerRequest::new(MISBEHAVE).session(&session).name("named-so");
        let error = request.start().await.expect_err("no container");
        let text = error.to_string();
        assert!(error.is_protocol() && text.contains("named-so"), "{fault:?}: {text}");
        assert_eq!(engine.count(|request| request.method == "DELETE"), 0, "{fault:?}");
        session.close().await.expect("there is nothing");
    });
    futures_util::future::join_all(answered).await;
}

/// C8, E1: the n-th request is answered with 500, for each n; the start fails or is ready, and leaves nothing.
#[tokio::test]
async fn a_start_whose_nth_request_of_any_kind_fails_is_an_error_or_ready_and_leaves_nothing() {
    let mut errors = 0;
    for n in 1.. {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, "nth").await;
        proxy.clear();
        proxy.on(Matcher::any().nth(n), Fault::error(500, "the n-th fails"));
        let request = session.misbehave(&["print", "ready", "sleep", "forever"]);
        let started = request.wait_for(WaitFor::log("ready")).start().await;
        errors += usize::from(started.is_err());
        if let Err(error) = &started {
            assert!(error.to_string().contains("the n-th fails"), "{error}");
        }
        drop(started);
        Session::clone(&session).close().await.expect("everything can be removed");
        assert_eq!(session.containers(), Vec::<String>::new());
        if proxy.count(|_| true) < n {
            break;
        }
    }
    assert!(errors >= 4, "creation, attachment, start and inspection are all needed; {errors} errors");
}
