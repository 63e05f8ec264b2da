//! The archive's README: its script, run by a shell with the ordinary tools, finds what `verify` finds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use evidence::bundle::Reading;
use evidence::statement::Capture;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use support::*;

/// A folder of its own for each, removed when it is no longer looked at.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn has_tools() -> bool {
    ["openssl version", "sha256sum --version", "tar --version"].iter().all(|call| {
        let found = Command::new("sh").args(["-c", call]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let found = found.is_ok_and(|status| status.success());
        if !found {
            eprintln!("skipped: `{call}` fails here");
        }
        found
    })
}

fn unpacked(archive: &[u8]) -> Folder {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = Folder(std::env::temp_dir().join(format!("cordon-readme-{}-{number}", std::process::id())));
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(folder.0.join("archive.tar.gz"), archive).unwrap();
    let tar = Command::new("tar").args(["-xzf", "archive.tar.gz"]).current_dir(&folder.0).output().unwrap();
    assert!(tar.status.success() && tar.stderr.is_empty(), "{}", String::from_utf8_lossy(&tar.stderr));
    folder
}

/// What the README's script prints: the fingerprint, and then what is wrong.
fn printed(scene: &Scene) -> Vec<String> {
    let folder = unpacked(&scene.archive().unwrap());
    let readme = fs::read_to_string(folder.0.join("README.txt")).unwrap();
    let script: String =
        readme.lines().filter_map(|line| line.strip_prefix("    ")).map(|line| format!("{line}\n")).collect();
    assert!(!script.contains("{incident}"), "{script}");
    let run = Command::new("sh").args(["-c", &script]).current_dir(&folder.0).output().unwrap();
    assert!(run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn the_script_of_the_readme_finds_nothing_wrong_with_a_whole_record() {
    if has_tools() {
        assert_eq!(printed(&scene()), [public_key(&signing_key(7)).fingerprint()]);
    }
}

#[test]
fn the_script_of_the_readme_finds_what_was_altered_removed_or_replaced() {
    if !has_tools() {
        return;
    }
    let found = |change: &dyn Fn(&mut Scene), expected: &str| {
        let mut scene = scene();
        change(&mut scene);
        let printed = printed(&scene);
        let failed: Vec<_> = printed.iter().filter(|line| line.starts_with("FAILED")).collect();
        assert!(failed.iter().any(|line| line.contains(expected)), "{expected}: {printed:?}");
    };
    let console = |scene: &Scene| scene.object(Capture::AtContainment, "console.txt");
    found(&|scene| drop(scene.put(console(scene), b"nothing happened")), "no object has the listed SHA-256");
    found(&|scene| drop(scene.put(version("planted", "v1"), b"planted")), "no manifest lists the SHA-256");
    found(&|scene| drop(scene.bundle.objects.remove(&console(scene))), "no object has the listed SHA-256");
    found(&|scene| drop(scene.bundle.events.remove(2)), "journal/000003.json does not follow");
    found(&|scene| drop(scene.bundle.events.pop()), "event 6 is not the one");
    found(&|scene| scene.bundle.events[1].document.push(' '), "journal/000003.json does not follow");
    let replaced = |scene: &mut Scene| {
        let bytes = signed(&signing_key(8), &scene.head_statement("Contained"));
        scene.bundle.signed.insert(scene.head_object(6), Reading::Read(bytes));
    };
    found(&replaced, "the signature of signed/000004-heads-000006.jsonl");
    let swapped = |scene: &mut Scene| {
        let other = Scene::of("inc-20260921-150000-abcdefabcd");
        let object = scene.head_object(6);
        scene.bundle.signed.insert(object, other.bundle.signed[&other.head_object(6)].clone());
    };
    found(&swapped, "of another incident");
}
