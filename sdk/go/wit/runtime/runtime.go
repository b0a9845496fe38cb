// Package runtime gives the host memory of the robot to write into.
package runtime

import (
	"runtime"
	"unsafe"
)

// earlySize is for what the host writes before Go has started: the state of its system calls, of one page.
const earlySize = 3 * 64 * 1024

// early is a piece of the component's first memory, so that nothing has to be asked of Go for it.
var early [earlySize]byte

var (
	earlyUsed  uintptr
	hasStarted bool
	// kept holds what the host wrote; an instance lives for one run, so nothing is given back.
	kept []unsafe.Pointer
)

func init() { hasStarted = true }

// Allocate makes room that stays where it is until the pinner lets it go.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	pointer := room(size, align)
	pinner.Pin(pointer)
	return pointer
}

// Unpin is called when the arguments of a run have been read. They stay: strings of the robot point into them.
func Unpin() {}

// room is zeroed memory. Words of 8 bytes are aligned for everything that the contract has.
func room(size, align uintptr) unsafe.Pointer {
	if align > 8 {
		panic("no value is aligned to more than 8 bytes")
	}
	return unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
}

//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if !hasStarted {
		return earlyRoom(size, align)
	}
	if size == 0 {
		return unsafe.Pointer(align)
	}
	pointer := room(size, align)
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(pointer), size), unsafe.Slice((*byte)(old), oldSize))
	}
	kept = append(kept, pointer)
	return pointer
}

func earlyRoom(size, align uintptr) unsafe.Pointer {
	base := uintptr(unsafe.Pointer(&early))
	start := (base+earlyUsed+align-1)&^(align-1) - base
	if start+size > earlySize {
		panic("the host asks for more memory before the start than there is")
	}
	earlyUsed = start + size
	return unsafe.Pointer(&early[start])
}
