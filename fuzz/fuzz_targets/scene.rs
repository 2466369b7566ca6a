//! Any bytes as the zip of a scene or a task: refused with a reason, or unpacked into its own folder and nowhere else; what an artist packs of it a
//! node takes.
#![no_main]
use depin_render::{Scene, SceneLimits, Unpacked};
use libfuzzer_sys::fuzz_target;
use std::fs;

fuzz_target!(|bytes: &[u8]| {
    let place = tempfile::tempdir().expect("there is a folder for files");
    let (path, scratch) = (place.path().join("scene.zip"), place.path().join("scratch"));
    fs::write(&path, bytes).expect("it is written");
    fs::create_dir(&scratch).expect("it is made");
    let limits = SceneLimits { packed_bytes: 1 << 20, unpacked_bytes: 1 << 20, files: 64 };
    match Unpacked::new(&path, &scratch, limits) {
        Ok(unpacked) => {
            assert!(unpacked.folder().starts_with(&scratch) && unpacked.folder().join(unpacked.main()).is_file());
            assert_eq!(unpacked.task().is_some(), unpacked.engine().runs_tasks());
            assert!(unpacked.task().is_none_or(|task| (1..=task.inputs()).contains(&task.parts())));
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
    if let Ok(scene) = Scene::open(&path, &scratch, limits) {
        let taken = Unpacked::new(scene.path(), &scratch, limits).expect("what is packed here is taken by a node");
        assert_eq!((taken.engine(), taken.main().to_str()), (scene.engine(), Some(scene.main())));
        assert_eq!(taken.task(), scene.task());
    }
    let left: Vec<_> = fs::read_dir(place.path()).expect("it is there").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 2, "nothing lies beside the scene and its folder: {left:?}");
});
