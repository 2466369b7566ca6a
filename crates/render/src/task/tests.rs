use super::*;

const NAMES: [&str; 5] = ["images/a.png", "images/b.png", "images/c.png", "run.py", "task.json"];

fn read(change: impl FnOnce(&mut serde_json::Value)) -> Result<Task, TaskError> {
    let mut file = serde_json::json!({"command": ["run.py"], "inputs": "images", "per-part": 2, "outputs": ["labels.csv"]});
    change(&mut file);
    Task::read(file.to_string().as_bytes(), &NAMES)
}

#[test]
fn inputs_are_given_out_by_parts_and_the_last_may_be_smaller() {
    let task = read(|_| {}).unwrap();
    assert_eq!((task.inputs(), task.parts(), task.alike()), (3, 2, None));
    assert_eq!(read(|file| file["per-part"] = 3.into()).unwrap().parts(), 1);
    assert_eq!(read(|file| file["per-part"] = 1.into()).unwrap().parts(), 3);
}

#[test]
fn what_a_task_may_not_say_is_refused_with_what_it_may() {
    type Change = fn(&mut serde_json::Value);
    let wrong: [(&str, Change); 12] = [
        ("command", |file| file["command"] = serde_json::json!([])),
        ("command", |file| file["command"] = serde_json::json!(["run.py", "a\nb"])),
        ("not in the zip", |file| file["command"] = serde_json::json!(["/usr/bin/env"])),
        ("inputs", |file| file["inputs"] = "../other".into()),
        ("no file in it", |file| file["inputs"] = "image".into()),
        ("per-part", |file| file["per-part"] = 0.into()),
        ("outputs", |file| file["outputs"] = serde_json::json!(["a/b"])),
        ("outputs", |file| file["outputs"] = serde_json::json!(["a", "a"])),
        ("outputs", |file| file["outputs"] = serde_json::json!(["alike.json"])),
        ("threads", |file| file["threads"] = 65.into()),
        ("alike", |file| file["alike"] = serde_json::json!({"lines": 0.9, "numbers": 0.0})),
        ("unknown field", |file| file["network"] = true.into()),
    ];
    for (told, change) in wrong {
        let why = read(change).unwrap_err().to_string();
        assert!(why.contains(told) && why.contains("task.json"), "{told}: {why}");
    }
    assert!(Task::read(b"{", &NAMES).is_err());
}

#[test]
fn runs_that_differ_a_little_are_alike_only_as_far_as_the_task_says() {
    let alike = Alike { lines: 0.25, numbers: 0.01 };
    let run = |a: &str, b: &str| alike.are_alike(a.as_bytes(), b.as_bytes());
    assert!(run("cat,0.900\ndog,0.100\n", "cat,0.901\ndog,0.1001\n"));
    assert!(!run("cat,0.900\n", "cat,0.990\n") && !run("cat,0.9\n", "dog,0.9\n") && !run("cat\n", "cat\ncat\n"));
    assert!(run("a\nb\nc\nd\n", "a\nb\nc\ne\n"), "one line in four");
    assert!(!run("a\nb\nc\nd\n", "a\nb\nd\ne\n"), "two in four");
    assert!(!run("1", "nan") && !run("inf", "1") && run("0", "0.0"));
    assert!(!alike.are_alike(&[0xff, 1], &[0xff, 2]), "what is no text must be the same");
}
