#include "datasets/images/read_image_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/base/files.h"

namespace convoy {
namespace {

constexpr int64_t kMostFileBytes = 256 << 20;
constexpr int64_t kFirstBytes = 64 << 10;  // enough to know what it is, and all of a small picture

// Its part of the budget, until it goes.
class TakenMemory {
 public:
  explicit TakenMemory(MemoryBudget& budget) : budget_(budget) {}
  ~TakenMemory() {
    if (bytes_ > 0) budget_.give_back(bytes_);
  }
  TakenMemory(const TakenMemory&) = delete;
  TakenMemory& operator=(const TakenMemory&) = delete;
  void take(int64_t bytes) {
    budget_.take(bytes);
    bytes_ += bytes;
  }

 private:
  MemoryBudget& budget_;
  int64_t bytes_ = 0;
};

// Empty: none, or no image and not meant to be one.
std::string problem_of_kind(const FoundKind& kind, const std::string& name, int64_t bytes) {
  if (kind.kind == ImageKind::png || kind.kind == ImageKind::jpeg)
    return bytes <= kMostFileBytes
               ? ""
               : fmt::format("is {} bytes long, more than the {} that are read", bytes, kMostFileBytes);
  if (!has_image_extension(name)) return {};
  if (bytes == 0) return "is empty";
  if (kind.kind == ImageKind::other_image) return fmt::format("is {}; wanted PNG or JPEG: convert it", kind.name);
  return "is no PNG or JPEG image, though it is called so";
}

}  // namespace

ImageFileContent read_image_file(const std::filesystem::path& path) {
  const File file = File::open(path);
  const int64_t size = file.bytes(), first = std::min(size, kFirstBytes);
  std::vector<std::byte> bytes(static_cast<size_t>(first));
  file.read(0, bytes);
  const FoundKind kind = kind_of_image(bytes);
  ImageFileContent content{{}, kind.kind, problem_of_kind(kind, path.filename().string(), size)};
  const bool is_image = kind.kind == ImageKind::png || kind.kind == ImageKind::jpeg;
  if (!is_image || !content.problem.empty()) return content;
  bytes.resize(static_cast<size_t>(size));
  if (size > first) file.read(first, std::span(bytes).subspan(static_cast<size_t>(first)));
  content.bytes = std::move(bytes);
  return content;
}

PreparedImage prepare_image_within(MemoryBudget& budget, std::span<const std::byte> bytes, const ImageForm& form) {
  TakenMemory taken(budget);
  return prepare_image(bytes, form, [&](int64_t memory) { taken.take(memory); });
}

}  // namespace convoy
