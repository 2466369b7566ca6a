use super::*;
use sha2::{Digest as _, Sha256};
use zip::{ZipWriter, write::SimpleFileOptions};

const BLEND: &[u8] = b"BLENDER-v304 and so on";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A zip of these files.
    fn zip(&self, files: &[(&str, &[u8])]) -> PathBuf {
        let path = self.0.path().join("scene.zip");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        path
    }

    fn open(&self, path: &Path) -> Result<Scene, SceneError> {
        Scene::open(path, self.0.path(), SceneLimits::default())
    }

    fn unpack(&self, packed: &Path, limits: SceneLimits) -> Result<Unpacked, SceneError> {
        Unpacked::new(packed, self.0.path(), limits)
    }

    /// Everything that stands below it.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn a_scene_is_packed_into_the_same_bytes_whatever_its_zip_was_like() {
    let place = Place::new();
    let files: [(&str, &[u8]); 2] = [("a.blend", BLEND), ("textures/wood.png", b"wood")];
    let first = place.open(&place.zip(&files)).unwrap();
    let second = place.open(&place.zip(&[files[1], files[0]])).unwrap();
    assert_eq!((first.hash(), first.bytes()), (second.hash(), second.bytes()));
    assert_eq!((first.engine(), first.main()), (EngineKind::Blender, "a.blend"));
    assert_eq!(first.hash(), <[u8; 32]>::from(Sha256::digest(fs::read(first.path()).unwrap())));
    let unpacked = place.unpack(first.path(), SceneLimits::default()).unwrap();
    assert_eq!(fs::read(unpacked.folder().join(unpacked.main())).unwrap(), BLEND);
    assert_eq!(fs::read(unpacked.folder().join("textures/wood.png")).unwrap(), b"wood");
    drop((first, second, unpacked));
    assert_eq!(place.names(), ["scene.zip"], "nothing else is left");
}

#[test]
fn one_file_is_a_scene_and_the_top_of_a_zip_says_which_is_rendered() {
    let place = Place::new();
    let path = place.0.path().join("still.xml");
    fs::write(&path, "\u{feff}<scene version=\"3.0.0\"/>").unwrap();
    let scene = place.open(&path).unwrap();
    assert_eq!((scene.engine(), scene.main()), (EngineKind::Mitsuba, "still.xml"));
    let main = |files: &[(&str, &[u8])]| place.open(&place.zip(files)).map(|scene| scene.main().to_owned());
    assert_eq!(main(&[("lib/b.blend", BLEND), ("a.blend", BLEND), ("x.xml", b"<a/>")]).unwrap(), "a.blend");
    assert_eq!(main(&[("deep/b.blend", BLEND)]).unwrap(), "deep/b.blend");
    assert!(matches!(main(&[("b.blend", BLEND), ("a.blend", BLEND)]), Err(SceneError::Several { .. })));
    assert!(matches!(main(&[("x/b.blend", BLEND), ("y/a.blend", BLEND)]), Err(SceneError::Several { .. })));
    assert!(matches!(main(&[("readme.txt", b"")]), Err(SceneError::NoMain)));
    assert!(matches!(main(&[("a.blend", b"MZ")]), Err(SceneError::Kind { .. })));
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused_by_name_and_nothing_is_written() {
    let place = Place::new();
    for (name, why) in [
        ("../evil.blend", "leads out"),
        ("a/../../evil", "leads out"),
        ("/etc/cron.d/evil", "absolute"),
        ("C:\\evil", "backslash"),
        ("a\\..\\evil", "backslash"),
        ("a//b", "empty"),
        ("a/./b", "empty"),
        ("line\nbreak", "control"),
    ] {
        let path = place.zip(&[("a.blend", BLEND), (name, b"x")]);
        for refused in [place.open(&path).map(drop), place.unpack(&path, SceneLimits::default()).map(drop)] {
            let told = refused.unwrap_err().to_string();
            assert!(told.contains(why) && !told.contains('\n'), "{name}: {told}");
        }
    }
    assert_eq!(place.names(), ["scene.zip"]);
    assert!(!place.0.path().parent().unwrap().join("evil.blend").exists());
    let long = "x/".repeat(40) + "y";
    assert!(matches!(place.open(&place.zip(&[("a.blend", BLEND), (&long, b"")])), Err(SceneError::Name { .. })));
}

#[test]
fn links_are_refused() {
    let place = Place::new();
    let path = place.0.path().join("scene.zip");
    let mut writer = ZipWriter::new(File::create(&path).unwrap());
    writer.start_file("a.blend", SimpleFileOptions::default()).unwrap();
    writer.write_all(BLEND).unwrap();
    writer.add_symlink("wood.png", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    writer.finish().unwrap();
    for refused in [place.open(&path).map(drop), place.unpack(&path, SceneLimits::default()).map(drop)] {
        assert!(refused.unwrap_err().to_string().contains("is a link"));
    }
}

#[test]
fn a_bomb_is_stopped_by_what_comes_out_of_it() {
    let place = Place::new();
    let zeros = vec![0; 8 << 20];
    let path = place.zip(&[("a.blend", BLEND), ("bomb", &zeros)]);
    assert!(fs::metadata(&path).unwrap().len() < 100_000);
    let limits = SceneLimits { unpacked_bytes: 1 << 20, ..SceneLimits::default() };
    let refused = Scene::open(&path, place.0.path(), limits);
    assert!(matches!(refused, Err(SceneError::TooLarge { most }) if most == 1 << 20));
    assert!(matches!(place.unpack(&path, limits), Err(SceneError::TooLarge { .. })));
    let few = SceneLimits { files: 1, ..SceneLimits::default() };
    assert!(matches!(place.unpack(&path, few), Err(SceneError::TooMany { most: 1 })));
    let small = SceneLimits { packed_bytes: 100, ..SceneLimits::default() };
    assert!(matches!(place.unpack(&path, small), Err(SceneError::PackedTooLarge { most: 100 })));
    assert_eq!(place.names(), ["scene.zip"]);
}

/// Many files of a zip may share one run of bytes, and a size that a zip says may be a lie.
#[test]
fn a_lie_about_sizes_is_found_out() {
    let place = Place::new();
    let path = place.zip(&[("a.blend", BLEND), ("bomb", &vec![0; 1 << 20])]);
    let mut bytes = fs::read(&path).unwrap();
    let size = (1u32 << 20).to_le_bytes();
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..at + 4] == size).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 4].copy_from_slice(&100u32.to_le_bytes());
    }
    fs::write(&path, bytes).unwrap();
    let limits = SceneLimits { unpacked_bytes: 1 << 10, ..SceneLimits::default() };
    assert!(place.unpack(&path, limits).is_err());
    assert_eq!(place.names(), ["scene.zip"]);
}

#[test]
fn what_is_no_zip_is_said_to_be_none() {
    let place = Place::new();
    let path = place.0.path().join("scene.zip");
    for bytes in [&b""[..], b"PK\x03\x04", &[0xff; 1000]] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(place.open(&path), Err(SceneError::Zip { .. })));
        assert!(matches!(place.unpack(&path, SceneLimits::default()), Err(SceneError::Zip { .. })));
    }
    let other = place.0.path().join("scene.max");
    fs::write(&other, "x").unwrap();
    assert!(place.open(&other).unwrap_err().to_string().contains(".blend"));
    assert!(matches!(place.open(&place.0.path().join("none.blend")), Err(SceneError::Io { .. })));
}
