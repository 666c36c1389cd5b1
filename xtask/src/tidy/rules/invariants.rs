//! The invariants of ARCHITECTURE.md, in terms of names that stand in a few files only.

use super::naming::Naming;
use crate::tidy::reading::Workspace;

const CLIENT: Naming = Naming {
    reason: "only `engine/` speaks to the engine",
    within: &["harness/src/"],
    names: &["bollard"],
    except: &["bollard::models"],
    allowed: &["harness/src/engine/"],
};

const MODELS: Naming = Naming {
    reason: "the engine's models are filled in at the places that are listed here",
    within: &["harness/src/"],
    names: &["bollard::models"],
    except: &[],
    allowed: &[
        "harness/src/engine/",
        "harness/src/container/request/",
        "harness/src/container/command/program.rs",
        "harness/src/container/limits.rs",
        "harness/src/container/places.rs",
        // An engine's restart policy is read, beside the user's own.
        "harness/src/life/restart.rs",
        "harness/src/session/reaper/",
        "harness/src/network/",
        "harness/src/volume.rs",
        // The public re-export.
        "harness/src/lib.rs",
    ],
};

const LABELS: Naming = Naming {
    reason: "only the labels module of `core` spells a label",
    within: &[
        "agent/src/",
        "core/src/",
        "harness/src/",
        "pool/src/",
        "reaper/src/",
        "runner/src/",
        "tls/src/",
    ],
    names: &["\"org.testcontainers", "\"seatrial."],
    except: &[],
    allowed: &["core/src/labels.rs"],
};

const REMOVALS: Naming = Naming {
    reason: "only the cleaner removes what was created, and the reaper's own container is removed beside it",
    within: &["harness/src/"],
    names: &[".remove_container", ".remove_network", ".remove_volume"],
    except: &[],
    allowed: &["harness/src/engine/", "harness/src/session/removal.rs", "harness/src/session/reaper/"],
};

const ENVIRONMENT: Naming = Naming {
    reason: "`config/` reads the environment, once",
    within: &["harness/src/"],
    names: &["std::env::var", "std::env::var_os", "std::env::vars", "std::env::vars_os"],
    except: &[],
    allowed: &[
        "harness/src/config/",
        // `PATH`, in which the reaper's program is looked for.
        "harness/src/session/reaper/process.rs",
        // The names of all variables, to warn of unknown ones.
        "harness/src/session/builder.rs",
    ],
};

const RUNTIMES: Naming = Naming {
    reason: "the process has one background thread; hooks and tests run in runtimes of their own",
    within: &["harness/src/"],
    names: &["tokio::runtime::Builder", "tokio::runtime::Runtime"],
    except: &[],
    allowed: &[
        "harness/src/base/background.rs",
        // `#[seatrial::test]`.
        "harness/src/base/test_run.rs",
        "harness/src/pool/user_thread.rs",
    ],
};

const BACKOFF: Naming = Naming {
    reason: "the crate `backoff` is not maintained any more and stays behind one file",
    within: &["harness/src/", "pool/src/", "reaper/src/", "runner/src/"],
    names: &["backoff"],
    except: &[],
    allowed: &["reaper/src/prune/pauses.rs"],
};

const CORE_IO: Naming = Naming {
    reason: "`core` does no I/O and reads no clock",
    within: &["core/src/"],
    names: IO,
    except: &[],
    allowed: &[],
};

const PURE_IO: Naming = Naming {
    reason: "it is a function of its input: it asks no engine, does no I/O and reads no clock",
    within: &[
        "harness/src/container/places.rs",
        "harness/src/container/request/lower.rs",
        "harness/src/output/log_match",
        "harness/src/words/lines.rs",
        "harness/src/words/time.rs",
        "pool/src/ledger",
        "reaper/src/lifecycle",
    ],
    names: IO,
    except: &[],
    allowed: &[],
};

const AGENT: Naming = Naming {
    reason: "the agent's program has no standard library",
    within: &["agent/src/program/"],
    names: &["std", "alloc"],
    except: &[],
    allowed: &[],
};

const SUPPORT: Naming = Naming {
    reason: "the tests' support looks at the engine without the library under test",
    within: &["tests/src/"],
    names: &["seatrial"],
    except: &[],
    allowed: &[],
};

const IO: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "crate::Engine",
    "crate::engine::Engine",
    "bollard::Docker",
    "tokio::fs",
    "tokio::net",
    "tokio::process",
    "tokio::spawn",
    "tokio::time",
];

const ALL: &[&Naming] = &[
    &CLIENT,
    &MODELS,
    &LABELS,
    &REMOVALS,
    &ENVIRONMENT,
    &RUNTIMES,
    &BACKOFF,
    &CORE_IO,
    &PURE_IO,
    &AGENT,
    &SUPPORT,
];

/// Returns each name that stands where it may not.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    ALL.iter().flat_map(|naming| naming.check(workspace)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_clean;

    #[test]
    fn only_the_engine_folder_names_the_client() {
        assert_clean(|workspace| CLIENT.check(workspace));
    }

    #[test]
    fn the_places_that_fill_in_the_engines_models_are_listed() {
        assert_clean(|workspace| MODELS.check(workspace));
    }

    #[test]
    fn only_the_labels_module_spells_a_label() {
        assert_clean(|workspace| LABELS.check(workspace));
    }

    #[test]
    fn only_the_cleaner_removes() {
        assert_clean(|workspace| REMOVALS.check(workspace));
    }

    #[test]
    fn only_the_configuration_reads_the_environment() {
        assert_clean(|workspace| ENVIRONMENT.check(workspace));
    }

    #[test]
    fn there_is_one_background_thread() {
        assert_clean(|workspace| RUNTIMES.check(workspace));
    }

    #[test]
    fn one_file_names_the_crate_backoff() {
        assert_clean(|workspace| BACKOFF.check(workspace));
    }

    #[test]
    fn core_does_no_io() {
        assert_clean(|workspace| CORE_IO.check(workspace));
    }

    #[test]
    fn pure_modules_ask_no_engine() {
        assert_clean(|workspace| PURE_IO.check(workspace));
    }

    #[test]
    fn the_agent_has_no_standard_library() {
        assert_clean(|workspace| AGENT.check(workspace));
    }

    #[test]
    fn the_support_of_the_tests_does_not_use_the_library() {
        assert_clean(|workspace| SUPPORT.check(workspace));
    }
}
