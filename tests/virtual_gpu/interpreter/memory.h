// Memory accesses of a warp: from the addresses in its lanes' registers to host pointers, with every check on the way.
#pragma once
#include "tests/virtual_gpu/interpreter/exec.h"
#include "tests/virtual_gpu/interpreter/fault_codes.h"

namespace convoy::vgpu {
struct Access {
  u32 bytes = 0;  // per lane
  bool write = false;
  bool atomic = false;                 // or volatile, acquire, release: such accesses do not race with each other
  const u8 (*new_data)[32] = nullptr;  // what each lane writes: writing the value that is there is not a race
};

// Fills `pointers` with host pointers for the lanes in `mask` (not empty), after checking their addresses as the
// instruction's space demands, counting the access for the profile and looking for races. The other lanes get pointers
// that may be read. Throws DeviceFault.
void resolve(Warp& warp, const Inst& inst, u32 mask, const Access& access, u64* pointers);

// One lane's shared access: alignment, bounds and red zones.
void check_shared(const Warp& warp, int lane, u32 offset, u32 bytes);
// The same for all lanes in `mask`, fast where nothing is wrong.
void check_shared_lanes(const Warp& warp, u32 mask, const u32* offsets, u32 bytes);
// What lies at an offset of shared memory, in words.
std::string shared_name(const Block& block, u32 offset);

// Global addresses of lanes to host pointers, in place; lanes outside `mask` get a valid one too.
void resolve_global(Warp& warp, const Inst& inst, u32 mask, const Access& access, u64* addresses);
// One lane's, where sizes differ from lane to lane; `what` begins the report.
u64 resolve_global_lane(u64 address, u32 aligned_to, u32 bytes, int lane, const char* what);
// Race detection between the blocks of a launch, for VGPU_RACECHECK=2. Takes device addresses.
void race_global(const Warp& warp, u32 mask, const u64* addresses, const Access& access);

// For the profile: 32-byte sectors of a warp's request; wavefronts of a shared request beyond the least possible.
u32 count_sectors(u32 mask, const u64* addresses, u32 bytes);
void count_global(const Warp& warp, u32 mask, const u64* addresses, const Access& access);
void count_shared(Warp& warp, u32 mask, const u32* offsets, u32 bytes);

// Modifiers that ld, st, atom and red share.
Space space_modifier(InstDecoder& d);
// Consumes those about caches and ordering; true if they make the access a synchronising one.
bool ordering_modifiers(InstDecoder& d);
// The number of elements: .v2, .v4, .v8 or 1.
u8 vector_modifier(InstDecoder& d);
}  // namespace convoy::vgpu
