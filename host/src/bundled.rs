//! The robots that come with the host, built from `plugins/` by the build script.

use std::sync::LazyLock;

use signalbox_sandbox::inspect::{InspectError, Inspection, inspect};

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// A bundled robot: its id, its bytes, and what it is.
pub type Inspected = (&'static str, &'static [u8], Result<Inspection, InspectError>);

/// Inspected once in each process, however many hosts start in it.
pub static INSPECTED: LazyLock<Vec<Inspected>> = LazyLock::new(|| {
    let inspected = BUNDLED.iter().map(|(id, bytes)| (*id, *bytes, inspect(bytes)));
    inspected.collect()
});

#[cfg(test)]
mod tests {
    use signalbox_crm::robot::Manifest;

    use super::BUNDLED;

    /// The manifest is the last section of a component that the build made.
    fn manifest(component: &[u8]) -> Manifest {
        const NAME: &[u8] = b"signalbox:manifest";
        let at = component
            .windows(NAME.len())
            .rposition(|window| window == NAME)
            .unwrap();
        serde_json::from_slice(&component[at + NAME.len()..]).unwrap()
    }

    #[test]
    fn every_bundled_manifest_is_one_that_the_host_reads() {
        assert_eq!(BUNDLED.len(), 7);
        for (id, component) in BUNDLED {
            let manifest = manifest(component);
            assert_eq!(manifest.id, *id);
            assert_eq!(manifest.contract, signalbox_sandbox::inspect::CONTRACT, "{id}");
            assert!(!manifest.param.is_empty(), "{id}");
        }
    }
}
