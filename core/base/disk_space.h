// Room on a file system.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace convoy {

// Bytes that this user can still write in the folder. Absent where that is not sure: on file systems that compress,
// that are reached through a network, that have no limit or that do not say. Quotas are not looked at.
std::optional<int64_t> free_bytes(const std::filesystem::path& folder);

}  // namespace convoy
