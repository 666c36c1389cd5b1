//! Sessions, engines, networks, volumes, pulls and sweeps.

use std::time::Duration;

use seatrial::engine::Engine;
use seatrial::pull::{Pull, PullPolicy};
use seatrial::session::ReaperChoice;
use seatrial::{Network, Session, Volume};
use seatrial_test_support::own_session::{BASIC, OwnSession, own_id};

use super::{in_any_executor, step};

in_any_executor!(sessions);
async fn sessions() {
    let builder = Session::builder().id(own_id("any-sessions")).reaper(ReaperChoice::Off);
    let session = step!("session/builder.rs build", builder.build());
    let engine = step!("engine/client.rs find", Engine::find());
    step!("engine/client.rs at", Engine::at(&engine.located().endpoint.to_string()));
    step!("engine/facts.rs facts", engine.facts());
    let old = Duration::from_secs(10 * 365 * 24 * 3600);
    let sweep = step!("session/sweep.rs sweep", session.sweep(old));
    step!("session/sweep.rs remove", sweep.only_of("none").remove());
    step!("session/pull.rs run", Pull::new(BASIC).policy(PullPolicy::Missing).session(&session).run());
    step!("session/handle.rs close", session.close());
}

in_any_executor!(networks_and_volumes);
async fn networks_and_volumes() {
    let session = OwnSession::begin("any-networks").await;
    let network = step!("network/network.rs create_in", Network::create_in(&session));
    step!("network/network.rs remove", network.remove());
    drop(step!("network/network.rs create_named", Network::create_named(&session, &own_id("any-network"))));
    drop(step!("network/network.rs create_internal", Network::create_internal(&session)));
    drop(step!("network/builder.rs create", Network::builder().session(&session).create()));
    let volume = step!("volume.rs create_in", Volume::create_in(&session));
    step!("volume.rs remove", volume.remove());
}

in_any_executor!(the_current_session);
async fn the_current_session() {
    step!("session/handle.rs current", Session::current());
    drop(step!("network/network.rs create", Network::create()));
    drop(step!("volume.rs create", Volume::create()));
}
