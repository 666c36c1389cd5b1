//! Docker contexts: named engines, as managed by `docker context`. They are read and never changed.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::config::{Endpoint, EngineSettings, Setting, TlsFiles};
use crate::words::{Error, Kind, Result};

/// The name of the default context, which has no file.
const DEFAULT: &str = "default";

/// Returns the name of the context in use: `DOCKER_CONTEXT`, else the one chosen by `docker context use`.
///
/// # Errors
/// Invalid, if Docker's `config.json` is not JSON.
pub(crate) fn in_use(settings: &EngineSettings) -> Result<Option<Setting<String>>> {
    let name = match &settings.context {
        Some(name) => Some(name.clone()),
        None => current(settings)?,
    };
    Ok(name.filter(|name| name.value != DEFAULT))
}

fn current(settings: &EngineSettings) -> Result<Option<Setting<String>>> {
    let Some(file) = settings.docker_config.as_ref().map(|folder| folder.join("config.json")) else {
        return Ok(None);
    };
    // An unreadable file counts as a missing one, as it does for Docker itself.
    let Ok(content) = fs::read(&file) else { return Ok(None) };
    let config = json(&content, &file)?;
    let name = config["currentContext"].as_str().filter(|name| !name.is_empty());
    Ok(name.map(|name| Setting::new(name.to_owned(), format!("`currentContext` in `{}`", file.display()))))
}

/// Returns the address of the engine that a context names.
///
/// # Errors
/// Not found, if there is no such context. Invalid, if it names no Docker engine, or one with an unsupported address.
pub(crate) fn endpoint(settings: &EngineSettings, name: &str) -> Result<Endpoint> {
    let subject = || format!("Docker context `{}`", name.escape_debug());
    let Some(folder) = settings.docker_config.as_deref().map(|folder| folder.join("contexts")) else {
        return Err(no_such(name, &[]).with_subject(subject()));
    };
    let mut known = Vec::new();
    for (id, meta) in metas(&folder.join("meta")) {
        match meta["Name"].as_str() {
            Some(this) if this == name => {
                return of_meta(&meta, &folder.join("tls").join(id))
                    .map_err(|error| error.with_subject(subject()));
            }
            this => known.extend(this.map(str::to_owned)),
        }
    }
    known.sort();
    Err(no_such(name, &known).with_subject(subject()))
}

fn no_such(name: &str, known: &[String]) -> Error {
    let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "none".to_owned() } else { known };
    Error::new(
        Kind::NotFound,
        format!("there is no context `{}`; existing contexts: {known}", name.escape_debug()),
    )
}

/// Returns each context's id, which is its folder's name, and the content of its file. Unreadable files are skipped.
fn metas(folder: &Path) -> Vec<(String, Value)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let meta = |entry: fs::DirEntry| {
        let content = fs::read(entry.path().join("meta.json")).ok()?;
        Some((entry.file_name().into_string().ok()?, serde_json::from_slice(&content).ok()?))
    };
    entries.filter_map(meta).collect()
}

/// Returns the address in a context's file. `tls` is the folder with the context's certificates, if it has any.
fn of_meta(meta: &Value, tls: &Path) -> Result<Endpoint> {
    let docker = &meta["Endpoints"]["docker"];
    let Some(host) = docker["Host"].as_str().filter(|host| !host.is_empty()) else {
        return Err(Error::invalid("it has no Docker endpoint; `docker context inspect` shows its content"));
    };
    let skip = docker["SkipTLSVerify"].as_bool().unwrap_or_default();
    let folder = tls.join("docker");
    let tls = folder.is_dir().then_some(TlsFiles { folder, verify: !skip });
    Endpoint::parse(host, tls.as_ref())
}

/// Parses one of Docker's files. The error names the position and shows no content.
fn json(content: &[u8], file: &Path) -> Result<Value> {
    serde_json::from_slice(content).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::invalid(format!("`{}` is not JSON at line {line}, column {column}", file.display()))
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::config::Config;

    /// Creates a Docker folder with one context per pair of id and metadata.
    fn folder(config: &str, contexts: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("config.json"), config).expect("written");
        for (id, meta) in contexts {
            let context = folder.path().join("contexts/meta").join(id);
            fs::create_dir_all(&context).expect("made");
            fs::write(context.join("meta.json"), meta).expect("written");
        }
        folder
    }

    fn settings(folder: &TempDir, env: &[(&str, &str)]) -> EngineSettings {
        let path = folder.path().to_str().expect("unicode");
        Config::of(&[env, &[("DOCKER_CONFIG", path)]].concat(), "").expect("valid").engine
    }

    #[test]
    fn the_variable_wins_over_what_docker_wrote_down() {
        let folder = folder(r#"{"currentContext":"written"}"#, &[]);
        let name = in_use(&settings(&folder, &[])).expect("valid").expect("a context");
        assert_eq!(name.value, "written");
        assert!(name.source.starts_with("`currentContext` in `"), "{}", name.source);
        let name = in_use(&settings(&folder, &[("DOCKER_CONTEXT", "named")])).expect("valid");
        assert_eq!(name, Some(Setting::new("named".to_owned(), "`DOCKER_CONTEXT`")));
        assert_eq!(in_use(&settings(&folder, &[("DOCKER_CONTEXT", "default")])).expect("valid"), None);
    }

    #[test]
    fn without_a_name_there_is_no_context() {
        for config in ["{}", r#"{"currentContext":""}"#, r#"{"currentContext":"default"}"#, "[]"] {
            assert_eq!(in_use(&settings(&folder(config, &[]), &[])).expect(config), None);
        }
        let nowhere = Config::of(&[], "").expect("valid").engine;
        assert_eq!(in_use(&nowhere).expect("no folder"), None);
        let nowhere = Config::of(&[("HOME", "/nonexistent")], "").expect("valid").engine;
        assert_eq!(in_use(&nowhere).expect("no file"), None);
    }

    #[test]
    fn a_config_that_is_not_json_is_refused_without_its_content() {
        let folder = folder("{\n\"auths\": hunter2}", &[]);
        let error = in_use(&settings(&folder, &[])).expect_err("not JSON");
        let text = format!("{error:?}");
        assert!(text.contains("config.json` is not JSON at line 2"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_context_is_found_by_its_name_and_not_by_its_folder() {
        let folder = folder(
            "{}",
            &[
                ("b", r#"{"Name":"a","Endpoints":{"docker":{"Host":"unix:///a"}}}"#),
                ("a", r#"{"Name":"b","Endpoints":{"docker":{"Host":"tcp://b:1"}}}"#),
                ("c", "not JSON"),
                ("d", r#"{"Name":"d","Endpoints":{"kubernetes":{}}}"#),
                ("e", r#"{"Name":"e","Endpoints":{"docker":{"Host":"ssh://u@h"}}}"#),
            ],
        );
        let settings = settings(&folder, &[]);
        assert_eq!(endpoint(&settings, "a").expect("there").to_string(), "unix:///a");
        assert_eq!(endpoint(&settings, "b").expect("there").to_string(), "tcp://b:1");
        let error = endpoint(&settings, "c").expect_err("not there");
        assert!(error.is_not_found());
        let expected = "Docker context `c`: there is no context `c`; existing contexts: `a`, `b`, `d`, `e`";
        assert_eq!(error.to_string(), expected);
        assert!(
            endpoint(&settings, "d").expect_err("no engine").to_string().contains("has no Docker endpoint")
        );
        assert!(endpoint(&settings, "e").expect_err("ssh").to_string().contains("is not supported"));
    }

    #[test]
    fn a_context_with_certificates_speaks_tls() {
        for (skip, verify) in [("false", true), ("true", false)] {
            let meta = format!(
                r#"{{"Name":"a","Endpoints":{{"docker":{{"Host":"tcp://h","SkipTLSVerify":{skip}}}}}}}"#
            );
            let folder = folder("{}", &[("id", &meta)]);
            let tls = folder.path().join("contexts/tls/id/docker");
            fs::create_dir_all(&tls).expect("made");
            let expected =
                Endpoint::Tcp { host: "h".into(), port: 2376, tls: Some(TlsFiles { folder: tls, verify }) };
            assert_eq!(endpoint(&settings(&folder, &[]), "a").expect("there"), expected);
        }
    }

    #[test]
    fn without_a_folder_no_context_is_there() {
        let nowhere = Config::of(&[], "").expect("valid").engine;
        let error = endpoint(&nowhere, "a").expect_err("not there").to_string();
        assert!(error.ends_with("existing contexts: none"), "{error}");
    }
}
