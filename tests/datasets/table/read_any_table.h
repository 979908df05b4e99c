// Whatever bytes a file has, a table is read or refused in words: for tests with mutated tables and for fuzzers.
#pragma once

#include <filesystem>
#include <string_view>

namespace convoy {

// Writes the bytes to the file, takes them for a table whose target is its last column, makes numbers of it and reads
// it as input to predict on. True: it was read. Throws what is no DataError or ConfigError, and InternalError where two
// readings contradict each other.
bool read_any_table(std::string_view bytes, const std::filesystem::path& file);

}  // namespace convoy
