//! Any text is a network file or a list of problems with places inside the text; nothing else happens.
#![no_main]
use depin_economy::Spec;
use depin_services::descriptor::service;
use libfuzzer_sys::fuzz_target;

/// The service has its say on whole files, and on what could be read of others.
fn judged(spec: &Spec) {
    if let Some(service) = service(spec.network().service.as_str()) {
        let _ = (service.findings(spec), service.read_parameters(spec));
    }
}

fuzz_target!(|text: &str| match Spec::parse(text) {
    Ok(spec) => judged(&spec),
    Err(errors) => {
        assert!(!errors.problems().is_empty());
        assert!(!errors.to_string().is_empty());
        Spec::draft(text).iter().for_each(judged);
    }
});
