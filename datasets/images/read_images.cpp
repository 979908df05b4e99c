#include "datasets/images/read_images.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/base/error.h"
#include "datasets/block_checksums.h"
#include "datasets/images/image_kind.h"
#include "datasets/images/read_image_file.h"
#include "datasets/ordered_work.h"

namespace convoy {
namespace {

constexpr int64_t kAheadBytes = 64 << 20;  // of results that wait

ReadImage read_one(const ImageFolder& folder, const ImageFile& of, const ImageForm* form, MemoryBudget& budget) {
  ReadImage read;
  ImageFileContent content = read_image_file(folder.path_of(of));
  read.problem = std::move(content.problem);
  if (!content.is_read()) return read;
  read.checksum = std::max<uint64_t>(1, xxh3_64(content.bytes));
  read.wrong_extension = !extension_fits(of.name, content.kind);
  if (form == nullptr) return read;
  try {
    PreparedImage prepared = prepare_image_within(budget, content.bytes, *form);
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
