//! The robot's heap: first the memory that its component starts with, then memory that is asked for.
//!
//! A component starts with whole pages of 64 KiB, of which the last is hardly used; the allocator of `std` asks for
//! another one anyway, which costs the host two system calls a run. Most runs need less than what is left.
//! There it is only counted up: a block is free again when it is the last one. What does not fit goes to `std`.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr;
use std::alloc::System;

const PAGE_BYTES: usize = 64 * 1024;

unsafe extern "C" {
    /// Where the linker ends stack and data. Only its address means something.
    static __heap_base: u8;
}

#[global_allocator]
static HEAP: Heap = Heap {
    free: Cell::new(ptr::null_mut()),
    end: Cell::new(ptr::null_mut()),
};

struct Heap {
    /// What is free begins here; null before the first block.
    free: Cell<*mut u8>,
    /// The end of the memory with which the component started.
    end: Cell<*mut u8>,
}

// SAFETY: a robot has one thread.
unsafe impl Sync for Heap {}

impl Heap {
    fn begin(&self) {
        // The linker defines the symbol; nobody else uses what lies between it and the end.
        let base = (&raw const __heap_base).cast_mut();
        let bytes = core::arch::wasm32::memory_size(0) * PAGE_BYTES;
        self.free.set(base);
        self.end.set(base.with_addr(bytes));
    }

    /// Takes `size` bytes from `start` on, if they are there.
    fn take(&self, start: *mut u8, size: usize) -> bool {
        let end = start.addr().checked_add(size);
        let fits = end.is_some_and(|end| end <= self.end.get().addr());
        if fits {
            self.free.set(start.wrapping_add(size));
        }
        fits
    }

    fn is_ours(&self, block: *mut u8) -> bool {
        block.addr() < self.end.get().addr()
    }

    fn is_last(&self, block: *mut u8, size: usize) -> bool {
        block.wrapping_add(size) == self.free.get()
    }
}

// SAFETY: blocks of ours lie between `__heap_base` and `end`, each after the one before it, and `free` goes back only
// over the last one; `std` never has that memory, because it only uses what it has grown itself.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.free.get().is_null() {
            self.begin();
        }
        let free = self.free.get();
        let start = free.wrapping_add(free.align_offset(layout.align()));
        match self.take(start, layout.size()) {
            true => start,
            // SAFETY: as for this call.
            false => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if !self.is_ours(block) {
            // SAFETY: the block came from there.
            unsafe { System.dealloc(block, layout) }
        } else if self.is_last(block, layout.size()) {
            self.free.set(block);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !self.is_ours(block) {
            // SAFETY: the block came from there.
            return unsafe { System.realloc(block, layout, size) };
        }
        if self.is_last(block, layout.size()) && self.take(block, size) {
            return block;
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: the caller promises a size that a layout may have.
        let new = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !new.is_null() {
            // SAFETY: two blocks, and the old one is the smaller.
            unsafe { ptr::copy_nonoverlapping(block, new, layout.size()) };
        }
        new
    }
}
