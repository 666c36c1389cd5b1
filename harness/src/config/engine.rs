//! The engine's part of the configuration: its address, TLS, and how its ports are reached. It looks for no engine.

use std::path::{Path, PathBuf};

use crate::config::{Reader, Setting};
use crate::words::Result;

/// The engine's settings. The code that needs a value which is `None` detects it.
#[derive(Clone, Debug)]
pub(crate) struct EngineSettings {
    /// The engine's address, from `DOCKER_HOST`.
    pub(crate) host: Option<Setting<String>>,
    /// The name of a Docker context, from `DOCKER_CONTEXT`.
    pub(crate) context: Option<Setting<String>>,
    /// The engine's address from the properties file, `tc.host` or `docker.host`. It is used only if neither of the
    /// variables above is set, since the environment takes precedence.
    pub(crate) host_of_file: Option<Setting<String>>,
    /// The certificates for TLS to an engine behind TCP. `None` means without TLS.
    pub(crate) tls: Option<TlsFiles>,
    /// The host at which published ports are reachable.
    pub(crate) published_host: Option<Setting<String>>,
    /// The path of the engine's socket on the engine's own machine.
    pub(crate) sidecar_socket: Option<Setting<PathBuf>>,
    /// The folder with Docker's `config.json`, contexts and certificates. `None` only if there is no home directory.
    pub(crate) docker_config: Option<PathBuf>,
    pub(crate) home: Option<PathBuf>,
    /// The directory in which rootless engines create their sockets.
    pub(crate) runtime_dir: Option<PathBuf>,
}

/// The certificates for TLS to an engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TlsFiles {
    /// The folder with `ca.pem`, `cert.pem` and `key.pem`.
    pub folder: PathBuf,
    /// `true` if the engine's certificate has to match its host.
    pub verify: bool,
}

impl EngineSettings {
    pub(crate) fn read(reader: &Reader<'_>) -> Result<Self> {
        let home = path(reader, &["HOME"], &[]);
        let docker_config = path(reader, &["DOCKER_CONFIG"], &["docker.config"])
            .or_else(|| home.as_ref().map(|home| home.join(".docker")));
        Ok(Self {
            host: reader.text(&["DOCKER_HOST"], &[]),
            context: reader.text(&["DOCKER_CONTEXT"], &[]),
            host_of_file: reader.text(&[], &["tc.host", "docker.host"]),
            tls: tls(reader, docker_config.as_deref())?,
            published_host: reader.read(
                &["SEATRIAL_HOST", "TESTCONTAINERS_HOST_OVERRIDE"],
                &["host.override"],
                "a host name or an address, without scheme and port",
                host_name,
            )?,
            sidecar_socket: reader.read(
                &["TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE"],
                &["docker.socket.override"],
                "an absolute path",
                socket,
            )?,
            docker_config,
            home,
            runtime_dir: path(reader, &["XDG_RUNTIME_DIR"], &[]),
        })
    }
}

fn path(reader: &Reader<'_>, variables: &[&str], properties: &[&str]) -> Option<PathBuf> {
    reader.text(variables, properties).map(|setting| setting.value.into())
}

/// Determines the TLS settings. A certificate folder alone enables TLS. Disabling verification explicitly disables TLS
/// as a whole, unless `DOCKER_TLS` enables it.
fn tls(reader: &Reader<'_>, docker_config: Option<&Path>) -> Result<Option<TlsFiles>> {
    let value = |setting: Setting<bool>| setting.value;
    let plain = reader.flag(&["DOCKER_TLS"], &["docker.tls"])?.map(value);
    let verified = reader.flag(&["DOCKER_TLS_VERIFY"], &["docker.tls.verify"])?.map(value);
    let folder = path(reader, &["DOCKER_CERT_PATH"], &["docker.cert.path"]);
    let wanted = plain.or(verified).unwrap_or(folder.is_some()) || verified == Some(true);
    let folder = folder.or_else(|| docker_config.map(Path::to_path_buf)).filter(|_| wanted);
    Ok(folder.map(|folder| TlsFiles { folder, verify: verified.unwrap_or(plain != Some(true)) }))
}

/// Parses a host name or an IP address. The brackets around an IPv6 address are removed.
pub(crate) fn host_name(text: &str) -> Option<String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<std::net::IpAddr>().is_ok();
    let name =
        !bare.is_empty() && bare.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    (address || name && bare.len() == text.len()).then(|| bare.to_owned())
}

/// Parses an absolute path. Some libraries of the ecosystem write it with the scheme `unix://`.
fn socket(text: &str) -> Option<PathBuf> {
    let path = Path::new(text.strip_prefix("unix://").unwrap_or(text));
    path.is_absolute().then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(env: &[(&str, &str)]) -> Result<EngineSettings> {
        Ok(Config::of(env, "")?.engine)
    }

    #[test]
    fn docker_s_folder_is_in_the_home_unless_named() {
        let settings = read(&[("HOME", "/h")]).expect("valid");
        assert_eq!(settings.docker_config, Some("/h/.docker".into()));
        let settings = read(&[("HOME", "/h"), ("DOCKER_CONFIG", "/d")]).expect("valid");
        assert_eq!(settings.docker_config, Some("/d".into()));
        assert_eq!(read(&[]).expect("valid").docker_config, None);
    }

    #[test]
    fn tls_is_spoken_when_a_variable_asks_for_it() {
        let choice = |folder: &str, verify| Some(TlsFiles { folder: folder.into(), verify });
        for (env, expected) in [
            (&[][..], None),
            (&[("DOCKER_TLS_VERIFY", "1")], choice("/h/.docker", true)),
            (&[("DOCKER_TLS_VERIFY", "0")], None),
            (&[("DOCKER_CERT_PATH", "/c")], choice("/c", true)),
            (&[("DOCKER_CERT_PATH", "/c"), ("DOCKER_TLS_VERIFY", "0")], None),
            (&[("DOCKER_CERT_PATH", "/c"), ("DOCKER_TLS", "0")], None),
            (&[("DOCKER_TLS", "1")], choice("/h/.docker", false)),
            (&[("DOCKER_TLS", "1"), ("DOCKER_TLS_VERIFY", "0")], choice("/h/.docker", false)),
            (&[("DOCKER_TLS", "0"), ("DOCKER_TLS_VERIFY", "1")], choice("/h/.docker", true)),
            (&[("DOCKER_TLS", "1"), ("DOCKER_TLS_VERIFY", "1")], choice("/h/.docker", true)),
        ] {
            let env = [env, &[("HOME", "/h")]].concat();
            assert_eq!(read(&env).expect("valid").tls, expected, "{env:?}");
        }
    }

    #[test]
    fn a_published_host_is_a_name_or_an_address() {
        for (text, host) in
            [("h", "h"), ("a.b-c", "a.b-c"), ("10.0.0.1", "10.0.0.1"), ("[::1]", "::1"), ("::1", "::1")]
        {
            let settings = read(&[("SEATRIAL_HOST", text)]).expect(text);
            assert_eq!(settings.published_host.expect("set").value, host);
        }
        for text in ["tcp://h", "h:80", "[h]", "a b", "[::1]:80", "h/"] {
            let error = read(&[("TESTCONTAINERS_HOST_OVERRIDE", text)]).expect_err(text).to_string();
            assert!(error.starts_with("`TESTCONTAINERS_HOST_OVERRIDE` is `"), "{error}");
        }
    }

    #[test]
    fn our_variable_for_the_host_wins() {
        let env = [("TESTCONTAINERS_HOST_OVERRIDE", "theirs"), ("SEATRIAL_HOST", "ours")];
        let host = read(&env).expect("valid").published_host.expect("set");
        assert_eq!(host, Setting::new("ours".to_owned(), "`SEATRIAL_HOST`"));
    }

    #[test]
    fn a_socket_for_sidecars_is_an_absolute_path() {
        for text in ["/a/b", "unix:///a/b"] {
            let settings = read(&[("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", text)]).expect(text);
            assert_eq!(settings.sidecar_socket.expect("set").value, Path::new("/a/b"));
        }
        let error =
            read(&[("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", "a")]).expect_err("relative").to_string();
        assert!(error.ends_with("but should be an absolute path"), "{error}");
    }
}
