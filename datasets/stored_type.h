// How the elements of a field lie in a shard, and what a batch makes of them: bytes stay bytes, other integers become
// i32, reals f32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/tensor/dtype.h"

namespace convoy {

enum class StoredType : uint8_t { u8, u16, u32, i32, i64, f32, f64 };

// As NumPy names it: "uint16". Absent: no type of ours.
std::string_view name_of(StoredType type);
std::optional<StoredType> stored_type_named(std::string_view name);
std::string stored_type_names();  // "uint8, uint16, ..."

int64_t size_of(StoredType type);
DType batch_dtype(StoredType type);

// `count` elements, little endian at any address, to elements of batch_dtype(type).
void convert_elements(StoredType type, const std::byte* stored, int64_t count, void* out);

// The first element from `begin` on that is an integer outside [0, limit) or, where limit is 0, outside i32, or a real
// that is not finite; -1: there is none.
int64_t find_unusable(StoredType type, const std::byte* stored, int64_t begin, int64_t count, int64_t limit);
// Element i as text.
std::string element_text(StoredType type, const std::byte* stored, int64_t i);

}  // namespace convoy
