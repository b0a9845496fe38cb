//! Where randomness comes from in a component without a system: the contract's numbers, which a replay repeats.

use getrandom::Error;
use signalbox_sdk::random;

/// What crate `getrandom` calls, by this name (getrandom, `README.md`, "Custom backend").
///
/// # Safety
/// `dest` has room for `length` bytes; the caller promises it.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(dest: *mut u8, length: usize) -> Result<(), Error> {
    for start in (0..length).step_by(4) {
        let bytes = random::number().to_le_bytes();
        for (place, byte) in (start..length).zip(bytes) {
            // SAFETY: `place` is below `length`.
            unsafe { dest.add(place).write(byte) };
        }
    }
    Ok(())
}
