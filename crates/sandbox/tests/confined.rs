//! Programs of this machine, confined: `cargo test -p depin-sandbox --test confined`. Without bubblewrap nothing is tested, and that is said.

mod support;

use depin_sandbox::{Confined, Guard};
use std::{fs, path::PathBuf, process::Output};
use tokio::io::AsyncWriteExt as _;

/// Runs a shell's words confined; none where it cannot be done, which is said.
async fn run(test: &str, words: &str, reads: Vec<(PathBuf, PathBuf)>) -> Option<Output> {
    let confined = Confined {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), words.into()],
        reads,
        env: vec![("GIVEN".to_owned(), "yes".to_owned())],
        memory_bytes: 64 << 20,
        scratch_bytes: 1 << 20,
    };
    let tried = std::process::Command::new("bwrap").args(["--unshare-all", "--ro-bind", "/", "/", "true"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        support::isolated::say_untested(&format!("{test}: bubblewrap is missing or may not make namespaces here"));
        return None;
    }
    let mut child = confined.start().unwrap();
    child.stdin.take().unwrap().write_all(b"asked\n").await.unwrap();
    Some(child.wait_with_output().await.unwrap())
}

#[tokio::test]
async fn it_reads_what_it_is_given_and_nothing_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("scene"), "a scene").unwrap();
    let words = "read line; echo $line $GIVEN $(cat /given/scene); ls / | tr '\\n' ' '; cat /etc/passwd /etc/hostname; ls /root /home /var \
        /usr/local; env | grep -c DEPIN_SECRET; echo x > /given/scene; echo x > /usr/x; echo x > /x; echo x > /dev/x; echo x > /dev/shm/x";
    let given = vec![(folder.path().to_owned(), "/given".into())];
    let Some(output) = run("confined: reads", words, given).await else { return };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("asked yes a scene\n"), "{text}");
    assert!(!text.contains("root:") && text.ends_with("\n0\n"), "{text}");
    for folder in ["home", "root", "var", "sys"] {
        assert!(!text.split_whitespace().any(|name| name == folder), "{folder}: {text}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("scene")).unwrap(), "a scene");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for place in ["/given/scene", "/usr/x", "/x", "/dev/x", "/dev/shm/x"] {
        assert!(said.contains(&format!("cannot create {place}")), "{place}: {said}");
    }
    assert!(!PathBuf::from("/usr/x").exists() && !PathBuf::from("/x").exists());
}

#[tokio::test]
async fn it_has_no_network_no_namespaces_and_no_more_memory_or_room_than_its_limits() {
    let words = "cat /proc/net/dev | grep -v lo: | wc -l; unshare -U true && echo escaped; mount -t tmpfs x /tmp && echo mounted; \
        head -c 3000000 /dev/zero > /tmp/x; wc -c < /tmp/x; \
        x=$(head -c 200000000 /dev/zero | tr '\\0' 'x'); echo ${#x}; id -u";
    let Some(output) = run("confined: limits", words, Vec::new()).await else { return };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "2", "two lines of titles and no device: {text}");
    assert!(!text.contains("escaped") && !text.contains("mounted"), "{text}");
    assert!(lines[1].parse::<u64>().unwrap() <= 1 << 20, "{text}");
    assert!(!text.contains("200000000"), "{text}");
}

/// Dropped, nothing of it goes on.
#[tokio::test]
async fn it_ends_with_whoever_holds_it() {
    let confined = Confined {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), "sleep 98765 & sleep 98765".into()],
        reads: Vec::new(),
        env: Vec::new(),
        memory_bytes: 64 << 20,
        scratch_bytes: 1 << 20,
    };
    if run("confined: end", "true", Vec::new()).await.is_none() {
        return;
    }
    let sleeping = || {
        let all = fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
        all.filter(|line| line.starts_with(b"sleep\x0098765")).count()
    };
    let child = confined.start().unwrap();
    for _ in 0..100 {
        if sleeping() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(sleeping(), 2);
    drop(child);
    for _ in 0..100 {
        if sleeping() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} of it go on", sleeping());
}

/// The kernel holds each process to its limit; together they are held to it, too.
#[tokio::test]
async fn all_of_it_together_has_no_more_memory_and_no_more_processes_than_its_limits() {
    if run("confined: together", "true", Vec::new()).await.is_none() {
        return;
    }
    // Eight shells of 12 MB each are below 64 MB alone and far above together.
    let big = "for n in 1 2 3 4 5 6 7 8; do (x=$(head -c 12000000 /dev/zero | tr '\\0' 'x'); sleep 600) & done; wait";
    let many = "for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 600 & done; wait";
    for (words, is_over) in [(big, true), (many, true), ("x=$(head -c 12000000 /dev/zero | tr '\\0' 'x'); sleep 3", false)] {
        let confined = Confined {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), words.into()],
            reads: Vec::new(),
            env: Vec::new(),
            memory_bytes: 64 << 20,
            scratch_bytes: 1 << 20,
        };
        let mut child = confined.start().unwrap();
        let guard = Guard::watch(&child, 64 << 20, 16);
        // Read to its end, so that it is not waited for before the guard is done.
        let mut output = child.stdout.take().unwrap();
        tokio::io::copy(&mut output, &mut tokio::io::sink()).await.unwrap();
        assert_eq!(guard.was_over(), is_over, "{words}");
        drop(guard);
        child.wait().await.unwrap();
    }
}
