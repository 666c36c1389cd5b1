//! The start of a container, in stages: create, copy in, attach, start, inspect, wait. From the creation on, the
//! container has an owner, so that an error or a dropped future removes it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing::Instrument;

use super::estate::ContainerEstate;
use super::handle::TestContainer;
use super::request::{self, ContainerRequest, FilesMount, Lowered};
use super::{copy, missing_program, refusal};
use crate::archive::{CopyIn, MountedFiles};
use crate::base::{background, blocking, caller_name, check_name, default_name};
use crate::config::{DockerFile, Keep, PullPolicy};
use crate::container::Subject;
use crate::engine::{ContainerInfo, Engine, Resource, Target};
use crate::image::ImageRef;
use crate::life::Course;
use crate::output::{Listeners, Tap};
use crate::pulling::{PullProgress, pull_with};
use crate::session::{Creating, Owned, Session, Thing};
use crate::wait::{Preparation, Unmet, wait_ready};
use crate::words::{Error, Kind, Report, Result};
use crate::{archive, image};

/// A container that is created and owned, and not started yet.
pub(crate) struct Created {
    pub(crate) owned: Owned,
    pub(crate) subject: Subject,
    pub(super) session: Session,
    pub(super) image: ImageRef,
    pub(super) timeout: Duration,
    /// `true` if the engine removes it, with its log, as soon as it ends.
    removes_itself: bool,
    /// The functions that hear its log, shared with its estate.
    pub(super) listeners: Arc<Listeners>,
    /// The files for places that exist only once it runs.
    late: Vec<CopyIn>,
    pub(super) span: tracing::Span,
}

impl Created {
    /// Calls the profile hook, if there is one, for the new run.
    pub(super) async fn profile(&self) -> Result<()> {
        let Subject { course, .. } = &self.subject;
        if course.is_profiled() {
            course.begin_profile(&self.subject, &self.subject.inspect().await?).await;
        }
        Ok(())
    }

    /// Waits until the functions that hear its log have heard all of it. The container should have ended.
    pub(super) async fn finish_listeners(&self) {
        let listeners = self.listeners.clone();
        background().run(async move { listeners.finish().await }).await;
    }

    /// Releases a container whose start failed. It is kept if its keep mode covers that, and removed otherwise.
    pub(super) fn fail(self, error: Error) -> Error {
        self.owned.give_up_failed();
        error
    }
}

impl ContainerRequest {
    /// Starts a container and waits until it is ready.
    ///
    /// # Errors
    /// - Invalid: the request is malformed.
    /// - Image: the image is not available.
    /// - Conflict: the name or a port is in use.
    /// - Not ready or exited: the wait condition was not met, with a report about the container.
    /// - Those of the engine.
    ///
    /// After an error nothing is left behind, unless [`keep`](Self::keep) keeps the container.
    ///
    /// # Cancel safety
    /// If the future is dropped, everything that was created is removed in the background.
    pub async fn start(&self) -> Result<TestContainer> {
        match &self.for_cases {
            None => start_plainly(self).await,
            // Boxed, so that the size of other starts does not grow.
            Some(for_cases) => Box::pin(super::for_cases::start(self, for_cases)).await,
        }
    }
}

/// Starts a container with any main process.
pub(super) async fn start_plainly(request: &ContainerRequest) -> Result<TestContainer> {
    let created = create(request).await?;
    let span = created.span.clone();
    start(request, created).instrument(span).await
}

/// Creates the container that a request describes.
pub(crate) async fn create(request: &ContainerRequest) -> Result<Created> {
    let session = match &request.session {
        Some(session) => session.clone(),
        None => Session::current().await?,
    };
    let config = session.config();
    let test = caller_name();
    let name = match &request.name {
        Some(name) => check_name(name).map(|()| name.clone())?,
        None => default_name(),
    };
    let subject = format!("container `{name}`");
    let image =
        image::resolve(&request.image, config).map_err(|error| error.with_subject(subject.clone()))?;
    let mounted = prepare_files(request).await.map_err(|error| error.with_subject(subject.clone()))?;
    let mut lowered =
        lower(request, &session, &test, &image, &mounted).map_err(|error| error.with_subject(subject))?;
    let span = tracing::info_span!("container", name, image = %image.as_given(), id = tracing::field::Empty, phase = "create");
    let removes_itself = lowered.removes_itself;
    let tty = lowered.body.tty.unwrap_or(false);
    let stop_timeout = lowered.body.stop_timeout.and_then(|seconds| u64::try_from(seconds).ok());
    let course = Arc::new(Course::new(request.restarts.are_wanted(), request.profiler.clone()));
    let listeners = Arc::<Listeners>::default();
    let estate = ContainerEstate {
        mounted,
        program: lowered.program.take(),
        course: course.clone(),
        listeners: listeners.clone(),
        stop_timeout: stop_timeout.map(Duration::from_secs),
    };
    let (platform, places) = (request.platform.clone().unwrap_or_default(), lowered.places.clone());
    let began = Instant::now();
    let creation = ensure_created(request, &session, &name, &image, platform, lowered, estate);
    let (id, owned) = match creation.instrument(span.clone()).await {
        Ok(created) => created,
        Err(error) => return Err(refused(error, session.engine(), &name, began).await),
    };
    span.record("id", tracing::field::display(&id));
    let subject = Subject {
        target: Target::new(session.engine().clone(), id, name).with_tty(tty),
        commands: Arc::default(),
        course,
        places,
    };
    if let Some(reporter) = &request.reporter {
        reporter.created(subject.clone());
    }
    let timeout = request.startup_timeout.unwrap_or(config.startup_timeout.value);
    let (late, early) = copy::split(&subject, request.copies.clone());
    let created = Created { owned, subject, session, image, timeout, removes_itself, listeners, late, span };
    match copy_in(early, &created).await {
        Ok(()) => Ok(created),
        Err(error) => Err(created.fail(error)),
    }
}

/// Checks the files to copy in, and copies the files to mount.
async fn prepare_files(request: &ContainerRequest) -> Result<Vec<MountedFiles>> {
    if request.files.is_empty() && request.copies.is_empty() {
        return Ok(Vec::new());
    }
    let (files, copies, links) = (request.files.clone(), request.copies.clone(), request.links);
    blocking(move || {
        archive::check(&copies)?;
        let mount = |files: &FilesMount| match files.writable {
            true => MountedFiles::writable(&files.sources, links),
            false => MountedFiles::read_only(&files.sources, links),
        };
        files.iter().map(mount).collect()
    })
    .await
}

fn lower(
    request: &ContainerRequest,
    session: &Session,
    test: &str,
    image: &ImageRef,
    mounted: &[MountedFiles],
) -> Result<Lowered> {
    let config = session.config();
    let dirs: Vec<_> = mounted.iter().map(|files| files.path().to_string_lossy().into_owned()).collect();
    let endpoint = session.engine().located().endpoint.to_string();
    let proxies = DockerFile::load(config).proxies(&endpoint);
    let context = request::Context {
        test,
        image: image.as_given(),
        labels: &session.labels(request.keep.unwrap_or(config.keep.value)),
        runtime: config.runtime.as_ref().map(|runtime| runtime.value.as_str()),
        native_runtime: &config.native_runtime.value,
        publish_on: &session.engine().host().publish_on().to_string(),
        has_local_logs: session.engine().dialect().has_local_logs(),
        file_dirs: &dirs,
        proxies: &proxies,
        may_be_kept: request.keep.unwrap_or(config.keep.value) != Keep::Never,
    };
    request::lower(request, &context)
}

/// Creates the container. If its image is missing, pulls the image and tries again. So an existing image needs no
/// request of its own.
async fn ensure_created(
    request: &ContainerRequest,
    session: &Session,
    name: &str,
    image: &ImageRef,
    platform: String,
    lowered: Lowered,
    estate: ContainerEstate,
) -> Result<(crate::words::ContainerId, Owned)> {
    let policy = request.pull.unwrap_or(session.config().pull.value);
    let tell = request.reporter.as_ref().map(|reporter| |progress: &PullProgress| reporter.pulling(progress));
    let progress = tell.as_ref().map(|tell| tell as &(dyn Fn(&PullProgress) + Send + Sync));
    let (platform_wanted, credentials) = (request.platform.as_deref(), request.credentials.as_ref());
    let pull =
        || pull_with(session.engine(), session.config(), image, platform_wanted, credentials, progress);
    if policy == PullPolicy::Always && image.id().is_none() {
        pull().await?;
    }
    let keep = request.keep.unwrap_or(session.config().keep.value);
    let mut estate = Some(estate);
    match create_owned(session, name, platform.clone(), lowered.clone(), keep, &mut estate).await {
        Err(error) if image::is_missing(&error) => {
            if policy == PullPolicy::Never || image.id().is_some() {
                return Err(image::missing(image, error));
            }
            if policy == PullPolicy::Missing {
                pull().await?;
            }
            create_owned(session, name, platform, lowered, keep, &mut estate).await
        }
        other => other,
    }
}

/// Creates the container once, on the background thread and to the end, even if the caller is gone. So the engine never
/// has a container without an owner.
async fn create_owned(
    session: &Session,
    name: &str,
    platform: String,
    lowered: Lowered,
    keep: Keep,
    estate: &mut Option<ContainerEstate>,
) -> Result<(crate::words::ContainerId, Owned)> {
    let (name, session) = (name.to_owned(), session.clone());
    // Begun before the background thread runs it, so that a session that is closed from here on waits for it.
    let creating = Creating::begin(Resource::Container, name.clone(), session.clone()).await?;
    // Moved in and returned, since a second attempt needs it, and since a dropped future must not release it early.
    let its_estate = estate.take().expect("a creation that failed has given it back");
    let (result, returned) = background()
        .carry_through(async move {
            let (mut body, engine) = (lowered.body, session.engine());
            body.labels.get_or_insert_default().extend(creating.labels());
            let id = match engine.create_container(name.clone(), platform, body).await {
                Ok(id) => id,
                Err(error) => {
                    let returned = creating.fail(&error, its_estate);
                    return (Err(error), returned);
                }
            };
            let of = session.id().to_string();
            let thing = Thing::Container { id: id.clone(), name: name.clone(), session: of };
            let owned = creating.own(thing, keep, its_estate);
            drop(creating);
            for network in &lowered.more_networks {
                let settings = request::endpoint(network);
                if let Err(error) = engine.connect_network(&network.network, id.as_str(), settings).await {
                    owned.give_up_failed();
                    return (Err(error), None);
                }
            }
            (Ok((id, owned)), None)
        })
        .await;
    *estate = returned;
    result
}

/// Adds a hint to the engine's refusal of a creation or start.
async fn refused(error: Error, engine: &Engine, name: &str, began: Instant) -> Error {
    let error = error.with_subject(format!("container `{name}`")).with_elapsed(began.elapsed());
    refusal::explain(error, engine).await
}

async fn copy_in(copies: Vec<CopyIn>, created: &Created) -> Result<()> {
    if copies.is_empty() {
        return Ok(());
    }
    created.span.record("phase", "copy in");
    copy::put(&created.subject, copies).await
}

/// Starts a created container, and waits until it is ready.
async fn start(request: &ContainerRequest, created: Created) -> Result<TestContainer> {
    created.span.record("phase", "start");
    // After its end there is no log to read for a report.
    let reads_all = created.removes_itself;
    let prepared = match Preparation::before_start(&request.wait, &created.subject, reads_all).await {
        Ok(prepared) => prepared,
        Err(error) => return Err(created.fail(error)),
    };
    match engine_start(&created).await {
        Ok(info) => ready(request, created, prepared, &info).await,
        Err(error) => Err(created.fail(error)),
    }
}

/// Waits until a started container is ready.
pub(super) async fn ready(
    request: &ContainerRequest,
    created: Created,
    mut prepared: Preparation,
    info: &ContainerInfo,
) -> Result<TestContainer> {
    let timeout = created.timeout;
    created.listeners.start(&created.subject.target, &request.consumers);
    let mut container = TestContainer::new(created, info);
    container.span().record("phase", "wait");
    let began = Instant::now();
    let matches = Mutex::new(Vec::new());
    match wait_ready(&container, &mut prepared, timeout, &matches).await {
        Ok(()) => {
            tracing::info!(elapsed = ?began.elapsed(), "ready");
            container.span().record("phase", "ready");
            container.supervise(&request.restarts);
            container.add_matches(matches.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()));
            Ok(container)
        }
        Err(unmet) => {
            let tails = prepared.tap.as_ref().map(Tap::tails);
            let elapsed = began.elapsed();
            let report = super::failure::report(&container, &prepared.root, tails).await;
            let doubt = container.session().engine().host().doubt().filter(|_| request.wait.0.uses_ports());
            let advice = doubt.map(str::to_owned).or_else(|| prepared.root.advice());
            let advice = advice.unwrap_or_else(|| "raise `startup_timeout`".to_owned());
            let failed = FailedWait { unmet, elapsed, advice };
            let error = failed.into_error(&container, report, Keep::OnFailure);
            container.give_up_failed();
            Err(error)
        }
    }
}

/// Lets the engine start the container, and inspects its ports and addresses.
pub(super) async fn engine_start(created: &Created) -> Result<ContainerInfo> {
    start_explained(created).await?;
    let inspected = created.subject.inspect().await;
    let info = inspected.map_err(|error| refusal::gone(error, &created.subject.target.name))?;
    created.subject.course.begin_profile(&created.subject, &info).await;
    Ok(info)
}

/// Lets the engine start the container, and copies the files for places that exist from then on. A refusal gets a hint.
pub(crate) async fn start_explained(created: &Created) -> Result<()> {
    let (target, began) = (&created.subject.target, Instant::now());
    match target.start().await {
        Ok(_) => copy::put_beyond(&created.subject, created.late.clone()).await,
        Err(error) => {
            let error = missing_program::explain(error, &created.subject, created.image.as_given()).await;
            Err(refused(error, &target.engine, &target.name, began).await)
        }
    }
}

/// A wait whose condition was not met.
pub(super) struct FailedWait {
    pub(super) unmet: Unmet,
    pub(super) elapsed: Duration,
    /// The advice for a wait whose time limit was reached.
    pub(super) advice: String,
}

impl FailedWait {
    /// Creates the error, with advice. `keep` is the mode that covers this failure.
    pub(super) fn into_error(self, container: &TestContainer, report: Report, keep: Keep) -> Error {
        let named = format!("{container} (`{}`)", container.image());
        let after = crate::words::seconds(self.elapsed);
        let look = container.look_into(keep);
        let or_look = if container.is_kept(keep) { format!("; {look}") } else { format!(", or {look}") };
        let (error, hint) = match self.unmet {
            Unmet::TimedOut => (
                Error::new(Kind::NotReady, format!("{named} was not ready after {after}")),
                format!("{}{or_look}", self.advice),
            ),
            Unmet::Ended => (
                Error::new(
                    Kind::Exited,
                    format!("{named} {} before it was ready, after {after}", report.end_in_words()),
                ),
                if report.is_short_of_memory() { format!("raise `memory`{or_look}") } else { look },
            ),
            Unmet::Never(reason) => (
                Error::new(Kind::NeverReady, format!("{named} can't become ready, after {after}: {reason}")),
                look,
            ),
            Unmet::Engine(error) => (error.with_subject(named), look),
        };
        error.with_report(report).with_hint(hint)
    }
}
