// Text files on disk: which there are, what is in them, and their content piece by piece. Also throws FileError.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace convoy {

struct TextFile {
  std::filesystem::path path;
  std::string name;  // relative to the folder it was found in
  int64_t bytes = 0;
  uint64_t checksum = 0;  // xxh3 of its content
  bool is_pipe = false;   // can be read once
  int64_t characters = 0;
};

// Bytes read since the last call.
using ReadProgress = std::function<void(int64_t)>;

// Files and pipes as they are named; of folders all with one of the extensions (".txt") below them, sorted by path.
// Throws DataError if one is missing or neither, or a folder holds none. Links to folders are not followed: notes,
// unless null, say so. Sizes and checksums are left to scan_text_file.
std::vector<TextFile> find_text_files(const std::vector<std::filesystem::path>& inputs,
                                      std::span<const std::string_view> extensions,
                                      std::vector<std::string>* notes = nullptr);

// Reads the file once: checks that it is UTF-8, fills bytes and checksum, and adds its characters unless null. A pipe
// is copied to the file `copy`, unless that is empty, which then takes its place. Throws DataError that says what the
// file is instead, or names the byte position.
void scan_text_file(TextFile& file, std::set<char32_t>* characters, const ReadProgress& progress,
                    const std::filesystem::path& copy = {});

// The place to cut a document of which the first `from` bytes are wanted: behind the nearest line end, unless that is
// 64 KiB away or further than the smaller part is long; then `from` itself, or the next place between two characters.
int64_t find_cut(const TextFile& file, int64_t from);

// Bytes [begin, end) of a file in pieces of `piece_bytes`, the last one maybe shorter. Characters may be cut.
void read_pieces(const TextFile& file, int64_t begin, int64_t end, int64_t piece_bytes,
                 const std::function<void(std::string_view)>& visit);

}  // namespace convoy
