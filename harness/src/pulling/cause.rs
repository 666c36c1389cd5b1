//! The causes of a failed pull, told by the engine's and the registry's words. Only some of them can pass by
//! themselves; each of the others is final, and has a hint with its cure.

use crate::image::ImageRef;
use crate::words::{Error, Kind};

/// A cause that another attempt does not cure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The registry rejected the credentials, or requires some.
    Denied,
    /// The engine speaks HTTPS, and the registry answers in plain HTTP.
    PlainHttp,
    /// The registry speaks HTTPS, and the engine asks in plain HTTP.
    PlainClient,
    /// The engine does not trust the registry's certificate.
    Certificate,
    /// The engine and the registry have no TLS version or cipher in common, or one requires a client certificate.
    Handshake,
    /// The image has no manifest for the platform.
    Platform,
    /// The content is not an image that the engine can run, or has a format that it does not know.
    Format,
    /// The engine's disk is full, over its quota, read-only or broken.
    Disk,
    /// The registry's host name has no address.
    HostName,
    /// The engine's proxy rejects the request.
    Proxy,
    /// The registry does not have the image.
    NotThere,
}

/// The words of each cause, in lower case. The first cause with a match is taken, so the more specific ones come first.
const WORDS: &[(Cause, &[&str])] = &[
    (Cause::PlainHttp, &["gave http response to https client", "does not look like a tls handshake"]),
    (
        Cause::PlainClient,
        &[
            "http request was sent to https port",
            "http request to an https server",
            "malformed http response \"\\x15",
        ],
    ),
    (
        Cause::Certificate,
        &["x509:", "certificate signed by unknown", "failed to verify certificate", "bad certificate"],
    ),
    (
        Cause::Handshake,
        &[
            "handshake failure",
            "protocol version not supported",
            "certificate required",
            "no cipher suite supported",
        ],
    ),
    (
        Cause::Platform,
        &[
            "no matching manifest",
            "no image found in image index",
            "no image found in manifest list",
            "does not match the specified platform",
            "does not provide the specified platform",
            "cannot be used on this platform",
            "operating system cannot be used",
            "unknown operating system or architecture",
            "no match for platform",
        ],
    ),
    (
        Cause::Format,
        &[
            "unsupported manifest",
            "unsupported media type",
            "unsupported schema version",
            "invalid manifest",
            "mediatype in manifest should be",
            "missing signature key",
            "schema 1",
            "encountered unknown type",
            "invalid rootfs in image configuration",
            "unrecognized image format",
        ],
    ),
    (
        Cause::Disk,
        &[
            "no space left on device",
            "disk quota exceeded",
            "read-only file system",
            "structure needs cleaning",
        ],
    ),
    (Cause::HostName, &["no such host", "server misbehaving", "name or service not known"]),
    (Cause::Proxy, &["proxy authentication required"]),
    (Cause::Denied, &["unauthorized", "no basic auth", "denied", "authentication required"]),
    (Cause::NotThere, &["not found", "manifest unknown", "name unknown"]),
];

impl Cause {
    /// Finds the cause of a failure. `None` if it may pass, or is unknown.
    fn of(error: &Error, image: &ImageRef) -> Option<Self> {
        let text = words_of(error, image);
        let has = |words: &&(Self, &[&str])| words.1.iter().any(|word| text.contains(word));
        WORDS.iter().find(has).map(|(cause, _)| *cause)
    }

    /// Returns the advice that cures it.
    fn hint(self, image: &ImageRef, platform: Option<&str>) -> String {
        let registry = image.registry();
        match self {
            Self::Denied => {
                format!("log in with `docker login {registry}`, or pass `credentials` to the request")
            }
            Self::PlainHttp => format!(
                "registry `{registry}` speaks plain HTTP; give it a certificate, or list it in the engine's \
                 `insecure-registries` (Podman: `insecure = true` in `registries.conf`) and restart the engine"
            ),
            Self::PlainClient => format!(
                "registry `{registry}` speaks HTTPS, and the engine asks it in plain HTTP; take it out of the \
                 engine's `insecure-registries`, and check the port"
            ),
            Self::Certificate => format!(
                "the engine does not trust the certificate of registry `{registry}`; put the certificate of its \
                 authority into `/etc/docker/certs.d/{registry}/ca.crt` on the engine's machine (Podman: \
                 `/etc/containers/certs.d`), and check its names, its dates and the machine's clock"
            ),
            Self::Handshake => format!(
                "the engine and registry `{registry}` could not agree on TLS; check the TLS versions that the \
                 registry accepts, and whether it requires a client certificate in \
                 `/etc/docker/certs.d/{registry}/`"
            ),
            Self::Platform => match platform {
                Some(platform) => format!(
                    "the image does not exist for the platform `{platform}`; choose one that `docker manifest inspect \
                     {}` lists, or another image",
                    image.as_given()
                ),
                None => format!(
                    "the image does not exist for the engine's platform; choose one that `docker manifest inspect {}` \
                     lists with `platform`, or another image",
                    image.as_given()
                ),
            },
            Self::Format => "the engine can't use what the registry has under this name; check that it is a \
                             container image, push it again with a current tool, or update the engine"
                .to_owned(),
            Self::Disk => "the engine's disk is full or can't be written to; make room, for example with `docker \
                           system df` and `docker image prune`, and check the disk of the engine's data folder"
                .to_owned(),
            Self::HostName | Self::NotThere => {
                format!("check the name, and that registry `{registry}` has the image and is reachable")
            }
            Self::Proxy => "the engine's proxy requires a login; check the `HTTP_PROXY`, `HTTPS_PROXY` \
                            and `NO_PROXY` that the engine was started with"
                .to_owned(),
        }
    }
}

/// Sets an error's kind and hint by its cause, since engines pass a registry's refusals on with varying status codes.
pub(super) fn classified(error: Error, image: &ImageRef, platform: Option<&str>) -> Error {
    let Some(cause) = Cause::of(&error, image) else { return error };
    let kind = if cause == Cause::Denied { Kind::Denied } else { Kind::Image };
    error.with_kind(kind).with_hint(cause.hint(image, platform))
}

/// Returns `true` if the failure may be transient, so that another attempt makes sense.
pub(super) fn may_pass(error: &Error, image: &ImageRef) -> bool {
    let is_final = matches!(error.kind(), Kind::Denied | Kind::Invalid | Kind::NotFound | Kind::Unreachable);
    !is_final && Cause::of(error, image).is_none()
}

/// Adds the failure of a credential helper to the error of a pull without credentials, if credentials might have helped:
/// registries also answer that an image does not exist to hide it.
pub(super) fn without_credentials(error: Error, image: &ImageRef, failure: &str) -> Error {
    match Cause::of(&error, image) {
        Some(Cause::Denied | Cause::NotThere) => {
            let registry = image.registry();
            error.with_own_hint(format!(
                "the image was pulled without credentials, since there was a failure: {failure}; repair the helper, or \
                 remove it from the configuration and log in with `docker login {registry}`, or pass `credentials` to \
                 the request"
            ))
        }
        _ => error,
    }
}

/// Returns the engine's message in lower case, without the image's name, which may contain any word.
fn words_of(error: &Error, image: &ImageRef) -> String {
    error.message().to_lowercase().replace(image.registry(), "").replace(image.repository(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the kind and hint of a failure with these words, or `None` if it is retried. The image's name contains
    /// misleading words.
    fn judged(text: &str) -> Option<(Kind, String)> {
        let image: ImageRef = "localhost:5000/denied/unknown:1".parse().expect("a reference");
        let error = Error::new(Kind::Engine, text.to_owned()).with_subject(format!("image `{image}`"));
        let error = classified(error, &image, Some("linux/s390x"));
        (!may_pass(&error, &image)).then(|| (error.kind(), error.to_string()))
    }

    /// C31: a failure that another attempt can't cure is final, with a hint that names its cure.
    #[test]
    fn a_failure_that_cannot_pass_is_final_and_has_its_cure() {
        for (text, kind, cure) in [
            ("manifest unknown", Kind::Image, "check the name"),
            ("lookup x: no such host", Kind::Image, "check the name"),
            ("pull access denied for x", Kind::Denied, "`docker login localhost:5000`"),
            ("no basic auth credentials", Kind::Denied, "`docker login localhost:5000`"),
            (
                "Get \"https://h/v2/\": http: server gave HTTP response to HTTPS client",
                Kind::Image,
                "`insecure-registries`",
            ),
            ("tls: first record does not look like a TLS handshake", Kind::Image, "`insecure-registries`"),
            ("x509: certificate signed by unknown authority", Kind::Image, "certs.d/localhost:5000/ca.crt"),
            ("tls: failed to verify certificate: x509: certificate has expired", Kind::Image, "clock"),
            ("x509: certificate is valid for a, not b", Kind::Image, "its names"),
            ("remote error: tls: handshake failure", Kind::Image, "TLS versions"),
            ("remote error: tls: certificate required", Kind::Image, "a client certificate"),
            (
                "no matching manifest for linux/s390x in the manifest list entries",
                Kind::Image,
                "for the platform `linux/s390x`",
            ),
            (
                "image with reference x was found but does not match the specified platform",
                Kind::Image,
                "for the platform `linux/s390x`",
            ),
            ("no image found in image index for architecture s390x", Kind::Image, "`linux/s390x`"),
            ("write /var/lib/docker/tmp/a: no space left on device", Kind::Image, "docker system df"),
            ("mkdir /var/lib/docker/tmp: read-only file system", Kind::Image, "can't be written to"),
            ("write /a: disk quota exceeded", Kind::Image, "make room"),
            ("unsupported media type application/x", Kind::Image, "is a container image"),
            ("proxyconnect tcp: Proxy Authentication Required", Kind::Image, "`HTTPS_PROXY`"),
        ] {
            let (found, told) = judged(text).expect(text);
            assert!(found == kind && told.contains(text) && told.contains(cure), "{found:?}: {told}");
        }
    }

    /// C31: a failure that may pass is retried.
    #[test]
    fn a_failure_that_may_pass_is_tried_again() {
        for text in [
            "toomanyrequests: slow down",
            "received unexpected HTTP status: 500",
            "received unexpected HTTP status: 503 Service Unavailable",
            "unexpected EOF",
            "connection refused",
            "net/http: TLS handshake timeout",
            "i/o timeout",
            "connection reset by peer",
            "Head \"http://localhost:5000/v2/denied/unknown/manifests/1\": EOF",
        ] {
            assert_eq!(judged(text), None, "{text}");
        }
    }
}
