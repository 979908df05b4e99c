#include "datasets/images/read_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/block_checksums.h"
#include "datasets/images/image_kind.h"
#include "datasets/ordered_work.h"

namespace convoy {
namespace {

constexpr int64_t kMostFileBytes = 256 << 20;
constexpr int64_t kDecodingBytes = int64_t{1} << 30;  // of all threads
constexpr int64_t kAheadBytes = 64 << 20;             // of results that wait
constexpr size_t kSignatureBytes = 16;

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

std::vector<std::byte> first_bytes(const File& file, int64_t count) {
  std::vector<std::byte> bytes(static_cast<size_t>(count));
  file.read(0, bytes);
  return bytes;
}

// What it is by its content; an empty `kind.name` and no problem: no image, and not meant to be one.
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

ReadImage read_one(const ImageFolder& folder, const ImageFile& of, const ImageForm* form, MemoryBudget& budget) {
  ReadImage read;
  const File file = File::open(folder.path_of(of));
  const int64_t size = file.bytes();
  const FoundKind kind = kind_of_image(first_bytes(file, std::min<int64_t>(size, kSignatureBytes)));
  read.problem = problem_of_kind(kind, of.name, size);
  const bool is_read = kind.kind == ImageKind::png || kind.kind == ImageKind::jpeg;
  if (!is_read || !read.problem.empty()) return read;
  const std::vector<std::byte> bytes = first_bytes(file, size);
  read.checksum = std::max<uint64_t>(1, xxh3_64(bytes));
  read.wrong_extension = !extension_fits(of.name, kind.kind);
  if (form == nullptr) return read;
  try {
    TakenMemory taken(budget);
    PreparedImage prepared = prepare_image(bytes, *form, [&](int64_t memory) { taken.take(memory); });
    read.image = std::move(prepared.image);
    read.is_grey = prepared.is_grey;
    read.sums.add(read.image.bytes.data(), read.image.height * read.image.width, read.image.channels);
  } catch (const DataError& error) {
    read.problem = error.what();
  }
  return read;
}

}  // namespace

void read_images(const ImageFolder& folder, const std::vector<int64_t>& order, const ImageForm* form, int threads,
                 const std::function<void(int64_t, ReadImage)>& take) {
  if (threads < 1) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  MemoryBudget budget(kDecodingBytes);
  const int64_t image_bytes = form == nullptr ? 1 : std::max<int64_t>(1, form->height * form->width * form->channels);
  const int64_t ahead = std::clamp<int64_t>(kAheadBytes / image_bytes, 2 * threads, 256);
  const auto at = [&](int64_t i) { return order[static_cast<size_t>(i)]; };
  OrderedWork<ReadImage> work(static_cast<int64_t>(order.size()), threads, ahead, [&](int64_t i) {
    return read_one(folder, folder.files[static_cast<size_t>(at(i))], form, budget);
  });
  work.consume([&](int64_t i, ReadImage image) { take(at(i), std::move(image)); });
}

}  // namespace convoy
