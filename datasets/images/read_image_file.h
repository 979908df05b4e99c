// One picture's file: what it is by its content, and the picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "datasets/images/image_form.h"
#include "datasets/images/image_kind.h"
#include "datasets/ordered_work.h"

namespace convoy {

inline constexpr int64_t kDecodingBytes = int64_t{1} << 30;  // a budget for all threads that decode

struct ImageFileContent {
  std::vector<std::byte> bytes;  // all of a PNG or JPEG file, else none
  ImageKind kind = ImageKind::no_image;
  std::string problem;  // "is empty": why it cannot be read, though it is an image or is called so; empty: none
  bool is_read() const { return !bytes.empty(); }
};

// Throws FileError.
ImageFileContent read_image_file(const std::filesystem::path& file);

// prepare_image() that waits until the decoder's memory is within the budget of all threads.
PreparedImage prepare_image_within(MemoryBudget& budget, std::span<const std::byte> bytes, const ImageForm& form);

}  // namespace convoy
