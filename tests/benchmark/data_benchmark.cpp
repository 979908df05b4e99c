// How fast data gets in: images decoded by an import beside their decoder alone on as many threads, and samples read
// from shards beside read().
//
// Usage: data_benchmark [THREADS]. Prints the median ratio of speeds of pairs measured in turns, with its quartiles,
// and that of processor time spent, which busy neighbours change less.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "datasets/array_dataset.h"
#include "datasets/array_shard_writer.h"
#include "datasets/hdf5/shard_file.h"
#include "datasets/images/decode_image.h"
#include "datasets/import_images.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/images/test_images.h"

namespace convoy {
namespace {

constexpr int kPairs = 9;

struct Seconds {
  double wall = 0, processor = 0;
};

double now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Seconds seconds_of(const std::function<void()>& work) {
  const Seconds start{now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID)};
  work();
  return {now(CLOCK_MONOTONIC) - start.wall, now(CLOCK_PROCESS_CPUTIME_ID) - start.processor};
}

// The speed of the first over that of the second, which do the same work, each pair one after the other.
void compare(const std::string& what, const std::function<void()>& ours, const std::function<void()>& other) {
  ours(), other();
  std::vector<double> ratios, processor;
  for (int i = 0; i < kPairs; ++i) {
    const Seconds a = seconds_of(ours), b = seconds_of(other);
    ratios.push_back(b.wall / a.wall);
    processor.push_back(a.processor / b.processor);
  }
  std::sort(ratios.begin(), ratios.end());
  std::sort(processor.begin(), processor.end());
  fmt::print("{:<64} {:.2f} ({:.2f} to {:.2f}), processor {:.2f} x\n", what, ratios[kPairs / 2], ratios[kPairs / 4],
             ratios[kPairs - 1 - kPairs / 4], processor[kPairs / 2]);
  std::fflush(stdout);
}

// As photographs compress: smooth with some noise.
Image photograph(int64_t height, int64_t width, unsigned seed) {
  Image image = smooth_image(height, width, 3);
  unsigned state = seed * 2654435761u + 1;
  for (uint8_t& byte : image.bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<uint8_t>(byte + (state >> 28));
  }
  return image;
}

// The files, decoded whole on so many threads.
void decode_all(const std::vector<std::string>& files, int threads) {
  std::atomic<size_t> next{0};
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i)
    workers.emplace_back([&] {
      for (size_t k = next++; k < files.size(); k = next++) decode_image(std::as_bytes(std::span(files[k])), {});
    });
  for (std::thread& worker : workers) worker.join();
}

void images(bool jpeg, int64_t height, int64_t width, const std::string& size, int count, int threads) {
  const TemporaryFolder folder;
  std::vector<std::string> files;
  for (int i = 0; i < count; ++i) {
    const Image image = photograph(height, width, static_cast<unsigned>(i));
    files.push_back(jpeg ? jpeg_of(image, {.quality = 90}) : png_of(image));
    const auto class_folder = folder / "in" / std::to_string(i % 2);
    std::filesystem::create_directories(class_folder);
    std::ofstream(class_folder / (std::to_string(i) + (jpeg ? ".jpg" : ".png"))) << files.back();
  }
  ImportImagesOptions options;
  options.inputs = {folder / "in"};
  options.out = folder / "out";
  options.size = size;
  options.force = true;
  options.threads = threads;
  compare(
      fmt::format("{} {} x {} to {}, import / decoder, {} threads each", jpeg ? "JPEG" : "PNG", height, width, size,
                  threads),
      [&] { import_images(options, nullptr); }, [&] { decode_all(files, threads); });
}

// Batches of training, beside pread() of the same rows into the same memory.
void loader(int64_t side, int64_t rows) {
  const TemporaryFolder folder;
  DatasetManifest manifest;
  manifest.kind = "arrays";
  manifest.fields = {{"x", StoredType::u8, {side, side, 3}, {}, 0}};
  ArrayShardWriter writer(folder.path(), Split::train, manifest.fields, rows, manifest.block_bytes);
  std::vector<std::byte> row(static_cast<size_t>(manifest.row_bytes()));
  for (int64_t i = 0; i < rows; ++i) {
    std::fill(row.begin(), row.end(), static_cast<std::byte>(i));
    writer.append(std::array{std::span<const std::byte>(row)});
  }
  manifest.split(Split::train) = writer.finish();
  write_dataset_manifest(folder.path(), manifest);
  ArrayDataset dataset(folder.path(), manifest, {.seed = 1});
  constexpr int64_t kBatch = 64;
  std::vector<std::byte> batch(static_cast<size_t>(kBatch) * row.size());
  const std::string shard = folder / "train-00000.h5";
  const int64_t offset = hdf5::open_shard(shard, {"x"}).front().data_offset;
  const int file = ::open(shard.c_str(), O_RDONLY | O_CLOEXEC);
  const int64_t batches = rows / kBatch;
  std::vector<int64_t> order(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) order[static_cast<size_t>(i)] = i * 7919 % rows;
  const auto load = [&] {
    const Tensor out[] = {{batch.data(), DType::u8, {kBatch, side, side, 3}}};
    for (int64_t i = 0; i < batches; ++i) dataset.read(Split::train, i * kBatch, kBatch, out);
  };
  compare(fmt::format("u8 samples of {} x {} x 3, loader / pread() in random order", side, side), load, [&] {
    for (int64_t i = 0; i < batches * kBatch; ++i) {
      std::byte* to = batch.data() + static_cast<size_t>(i % kBatch) * row.size();
      const off_t from = offset + order[static_cast<size_t>(i)] * static_cast<int64_t>(row.size());
      if (::pread(file, to, row.size(), from) != static_cast<ssize_t>(row.size())) std::abort();
    }
  });
  compare(fmt::format("u8 samples of {} x {} x 3, loader / read() of the whole file", side, side), load, [&] {
    ::lseek(file, offset, SEEK_SET);
    for (int64_t i = 0; i < batches; ++i)
      if (::read(file, batch.data(), batch.size()) != static_cast<ssize_t>(batch.size())) std::abort();
  });
  ::close(file);
}

}  // namespace
}  // namespace convoy

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : static_cast<int>(std::thread::hardware_concurrency());
  convoy::images(true, 375, 500, "224", 480, threads);
  convoy::images(true, 1200, 1600, "224", 64, threads);
  convoy::images(false, 375, 500, "224", 240, threads);
  convoy::images(false, 32, 32, "32", 20000, threads);
  convoy::loader(32, 40000);
  convoy::loader(224, 1024);
  return 0;
}
