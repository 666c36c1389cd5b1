//! The transport to the engine: one connection for each request, over a unix socket or TCP. Bollard uses it, and the
//! lists use it directly, because bollard fails on words that its enums do not have.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::time::Duration;

use bollard::BollardRequest;
use bollard::errors::Error;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, SERVER};
use hyper::rt::{Read, Write};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};

use super::tls::Tls;
use crate::settings::Certificates;

/// The longest wait for the engine's first answer, which shows if it accepts the certificates.
const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// The address of the engine.
#[derive(Clone, Debug)]
pub(super) enum Transport {
    /// A socket's path.
    Unix(PathBuf),
    /// A host with a port.
    Tcp(String),
    /// A host with a port, for TLS.
    Tls(String, Tls),
}

impl Transport {
    /// Reads the value of `DOCKER_HOST`. Certificates count for TCP only, as in Docker's own programs.
    pub(super) fn parse(host: &str, certificates: Option<&Certificates>) -> Result<Self, String> {
        match host.split_once("://") {
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(("tcp" | "http" | "https", rest)) if !rest.is_empty() => {
                let address = rest.split('/').next().unwrap_or_default().to_owned();
                Ok(match certificates {
                    None => Self::Tcp(address),
                    Some(certificates) => {
                        let tls = Tls::new(&address, certificates)?;
                        Self::Tls(address, tls)
                    }
                })
            }
            None if host.starts_with('/') => Ok(Self::Unix(host.into())),
            _ => Err(format!(
                "`DOCKER_HOST` is `{}`; write `unix:///path` or `tcp://host:port`",
                host.escape_debug()
            )),
        }
    }

    /// Connects once. Returns an error only for a reason that waiting does not mend.
    pub(super) async fn check(&self) -> Result<(), String> {
        let path = match self {
            Self::Unix(path) => path,
            Self::Tcp(_) => return Ok(()),
            // A refused certificate stays refused. With TLS 1.3 only an answer shows it.
            Self::Tls(_, tls) => {
                let asked = tokio::time::timeout(FIRST_ANSWER, self.get("/_ping")).await;
                return match asked.ok().and_then(Result::err).and_then(|error| tls.explain(&error)) {
                    Some(text) => Err(text),
                    None => Ok(()),
                };
            }
        };
        let shown = path.display();
        if std::fs::metadata(path).is_ok_and(|metadata| !metadata.file_type().is_socket()) {
            return Err(format!(
                "`{shown}` is not a socket; if the engine's socket was missing, the engine has mounted an empty folder in \
                 its place: check the path of the mount"
            ));
        }
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(format!(
                "the engine's socket `{shown}` can't be used: {error}; run the reaper as a user with access to it, or \
                 privileged"
            )),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn send<B>(&self, mut request: Request<B>) -> Result<Response<Incoming>, Error>
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        if let Some(path) = request.uri().path_and_query() {
            *request.uri_mut() = path.as_str().parse().expect("a part of a URI is a URI");
        }
        request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
        match self {
            Self::Unix(path) => exchange(UnixStream::connect(path).await?, request).await,
            Self::Tcp(address) => exchange(TcpStream::connect(address).await?, request).await,
            Self::Tls(address, tls) => {
                exchange(tls.over(TcpStream::connect(address).await?).await?, request).await
            }
        }
    }

    /// Sends `GET path`. Returns the status and the whole body.
    pub(super) async fn get(&self, path: &str) -> Result<(u16, Bytes), Error> {
        let request = Request::get(path).body(Full::<Bytes>::default());
        let response =
            self.send(request.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(|err| Error::HyperResponseError { err })?;
        Ok((status, body.to_bytes()))
    }

    /// Returns the header in which the engine names itself, such as `Docker/28.5.2 (linux)` or `Libpod/5.4.2 (linux)`.
    pub(super) async fn server(&self) -> Result<String, Error> {
        let request = Request::get("/_ping").body(Full::<Bytes>::default());
        let response =
            self.send(request.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?).await?;
        let server = response.headers().get(SERVER).and_then(|server| server.to_str().ok());
        Ok(server.unwrap_or_default().to_owned())
    }

    /// Returns the transport in the form that bollard takes.
    pub(super) fn for_bollard(
        &self,
    ) -> impl Fn(BollardRequest) -> BoxFuture<'static, Result<Response<Incoming>, Error>> + Send + Sync + 'static
    {
        let transport = self.clone();
        move |request| {
            let transport = transport.clone();
            Box::pin(async move { transport.send(request).await })
        }
    }
}

async fn exchange<S, B>(stream: S, request: Request<B>) -> Result<Response<Incoming>, Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    TokioIo<S>: Read + Write,
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|err| Error::HyperResponseError { err })?;
    // This task drives the connection, and ends with it.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|err| Error::HyperResponseError { err })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_or_refused() {
        let read = |host| Transport::parse(host, None).map(|transport| format!("{transport:?}"));
        assert_eq!(read("unix:///a/b").as_deref(), Ok(r#"Unix("/a/b")"#));
        assert_eq!(read("/a/b").as_deref(), Ok(r#"Unix("/a/b")"#));
        assert_eq!(read("tcp://h:1/").as_deref(), Ok(r#"Tcp("h:1")"#));
        for host in ["unix://", "npipe:////./pipe/docker", "ssh://h", "h:1", "tcp://"] {
            assert!(read(host).is_err(), "{host}");
        }
    }

    #[test]
    fn certificates_are_for_tcp_and_have_to_be_there() {
        let nowhere = Certificates { folder: "/nowhere".into(), verify: true };
        let read = |host| Transport::parse(host, Some(&nowhere)).map(drop);
        assert_eq!(read("unix:///a/b"), Ok(()));
        let error = read("tcp://h:2376").expect_err("no certificates");
        assert!(error.contains("DOCKER_CERT_PATH"), "{error}");
    }
}
