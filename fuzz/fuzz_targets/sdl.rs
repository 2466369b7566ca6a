//! Any text is a deployment or a list of errors with places inside the text; what is accepted is what a provider takes.
#![no_main]
use depin_sdl::{Manifest, check_groups, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match read(text) {
    Ok(deployment) => {
        let manifest = deployment.manifest();
        manifest.check_against(deployment.groups()).expect("a manifest is what is ordered with it");
        check_groups(deployment.groups()).expect("what is ordered can be ordered");
        let sent = Manifest::from_json(&manifest.to_json()).expect("what was written can be read");
        assert_eq!((sent.hash(), &sent), (manifest.hash(), manifest));
    }
    Err(refused) => {
        assert!(refused.errors().count() > 0);
        for finding in refused.findings() {
            assert!(text.get(finding.span.clone()).is_some());
        }
    }
});
