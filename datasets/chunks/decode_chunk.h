// The bytes of one chunk as its elements: HDF5's filters undone, the last first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "datasets/chunks/chunk_layout.h"

namespace convoy {

// out: the chunk's elements, of so many bytes each. scratch: reused from call to call. Throws DataError without names:
// "its compressed bytes are damaged", "its checksum is ...".
void decode_chunk(std::span<const std::byte> stored, std::span<const ChunkFilter> filters, uint32_t left_out,
                  int64_t element_bytes, std::span<std::byte> out, std::vector<std::byte>& scratch);

// J. G. Fletcher, "An arithmetic checksum for serial transmissions" (1982), of words of 16 bits, the first byte high.
uint32_t fletcher32(std::span<const std::byte> bytes);

}  // namespace convoy
