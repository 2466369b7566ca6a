//! Images that tenants push: refused, taken, run by the lease alone that they were pushed for, and gone with it.

use crate::{
    fake::Fake,
    world::{World, file, sdl},
};
use bytes::Bytes;
use depin_provider::leasing::{DeskError, IMAGE_BYTES_MAX, ImagePart, room};
use depin_services::leasing::LeasingMessage;
use sha2::{Digest as _, Sha256};

/// An archive of an image with one file.
fn archive(text: &str) -> Vec<u8> {
    let tar = |files: &[(String, Vec<u8>)]| {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    };
    let hash = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let of = |kind: &str, bytes: &[u8]| {
        let media = format!("application/vnd.oci.image.{kind}");
        format!(r#"{{"mediaType":"{media}","digest":"sha256:{}","size":{}}}"#, hash(bytes), bytes.len())
    };
    let layer = tar(&[("file".to_owned(), text.as_bytes().to_vec())]);
    let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#.to_vec();
    let (config_of, layer_of) = (of("config.v1+json", &config), of("layer.v1.tar", &layer));
    let manifest = format!(r#"{{"schemaVersion":2,"config":{config_of},"layers":[{layer_of}]}}"#).into_bytes();
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, of("manifest.v1+json", &manifest)).into_bytes();
    let blob = |bytes: Vec<u8>| (format!("blobs/sha256/{}", hash(&bytes)), bytes);
    tar(&[("index.json".to_owned(), index), blob(manifest), blob(config), blob(layer)])
}

fn part(image: &str, archive: &[u8], from: usize, to: usize) -> ImagePart {
    let bytes = Bytes::copy_from_slice(&archive[from..to]);
    ImagePart { image: image.to_owned(), at: from as u64, of: archive.len() as u64, bytes }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_image_is_its_leases_alone_and_goes_with_it() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let desk = provider.desk();
    let wanted = sdl(&file("1000", "localhost/web:1", ""));
    let (lease, other) =
        (world.lease(1, &wanted).await, world.lease(2, &sdl(&file("1000", "localhost/web:1", "").replace("shop.", "b."))).await);
    // Before the manifest, in parts.
    let (first, second) = (archive("one"), archive("two"));
    let half = first.len() / 2;
    let taken = desk.image(lease, part("localhost/web:1", &first, 0, half)).await.unwrap();
    assert_eq!((taken.have, taken.whole), (half as u64, false));
    let refused = desk.image(lease, part("localhost/web:1", &first, half + 1, first.len())).await.unwrap_err();
    assert!(matches!(&refused, DeskError::Image(why) if why.contains(&format!("begins at byte {half}"))), "{refused}");
    assert!(desk.image(lease, part("localhost/web:1", &first, half, first.len())).await.unwrap().whole);
    desk.take(lease.deployment(), wanted.manifest().clone()).await.unwrap();
    world.until("the service", async || machine.runs(1)).await;
    let pushed = world.folder("north").join("pushed");
    let own = pushed.join(room(lease).as_str());
    let runs = |image: &str| machine.images().iter().any(|known| known == image);
    let whole = || std::fs::read_dir(&own).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let before = whole();
    assert!(before.len() == 1 && runs(&before[0].display().to_string()), "{before:?} {:?}", machine.images());

    let theirs = sdl(&file("1000", "localhost/web:1", "").replace("shop.", "b."));
    desk.take(other.deployment(), theirs.manifest().clone()).await.unwrap();
    world.until("the other's", async || machine.runs(2)).await;
    assert!(runs("localhost/web:1"), "a name of one lease means nothing to another: {:?}", machine.images());

    // Another image of that name replaces what runs.
    assert!(desk.image(lease, part("localhost/web:1", &second, 0, second.len())).await.unwrap().whole);
    world.until("the new image", async || whole().first().is_some_and(|path| runs(&path.display().to_string()))).await;
    assert!(whole().len() == 1 && whole() != before, "{:?}", whole());
    world.send(LeasingMessage::CloseDeployment { dseq: 1 }).await;
    world.until("its end", async || !own.exists()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_or_too_much_is_refused() {
    let (world, machine) = (World::start().await, Fake::new("north"));
    let provider = world.provider(world.config("north", &machine), 3).await;
    let (desk, lease) = (provider.desk(), world.lease(1, &sdl(&file("1000", "localhost/web:1", ""))).await);
    let small = |image: &str, at: u64, of: u64, bytes: &'static [u8]| ImagePart {
        image: image.to_owned(),
        at,
        of,
        bytes: Bytes::from_static(bytes),
    };
    for (part, words) in [
        (small("localhost/web:1", 0, 4, b"none"), "this is no image that can be run"),
        (small("localhost/web:1", 0, IMAGE_BYTES_MAX + 1, b"a"), "an archive has 1 to"),
        (small("localhost/web:1", 0, 1, b"ab"), "its parts lie in it"),
        (small("localhost/web:1", 0, 0, b""), "an archive has 1 to"),
        (small("localhost/web:1", 7, 9, b"a"), "begins at byte 0"),
        (small("../../etc/x", 0, 9, b"a"), "letters, digits"),
        (small("a b", 0, 9, b"a"), "letters, digits"),
        (small("", 0, 9, b"a"), "letters, digits"),
    ] {
        let refused = desk.image(lease, part.clone()).await.unwrap_err();
        assert!(matches!(&refused, DeskError::Image(why) if why.contains(words)), "{part:?}: {refused}");
    }
    for number in 0..16 {
        desk.image(lease, small(&format!("a:{number}"), 0, 9, b"a")).await.unwrap();
    }
    let refused = desk.image(lease, small("a:16", 0, 9, b"a")).await.unwrap_err();
    assert!(refused.to_string().contains("16 other images"), "{refused}");
    let foreign = depin_services::leasing::BidId { provider: crate::world::key(9).address(), ..lease };
    assert!(matches!(desk.image(foreign, small("a:1", 0, 9, b"a")).await, Err(DeskError::NoLease(_))));
}
