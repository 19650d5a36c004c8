// SPDX-License-Identifier: Apache-2.0
//
// What a function that worked on a secret leaves behind when it has returned, although it wiped its
// own variables: vector registers that a copy or the JSON reader went through, and spills of them
// on the stack. A register does not stay where it is: the dynamic linker saves all of them on the
// stack whenever a library's function is called for the first time, and from there nobody wipes
// them.
#pragma once

namespace latchkey::jose {

// Zeroes the vector registers. Nanoseconds.
void wipe_registers() noexcept;

// The same, and 64 KiB of the stack below the caller's frame. Microseconds.
void wipe_leavings() noexcept;

}  // namespace latchkey::jose
