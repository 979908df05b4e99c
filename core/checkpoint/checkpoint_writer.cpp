#include "core/checkpoint/checkpoint_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>
#include <utility>

#include "core/base/bf16.h"
#include "core/base/checksum.h"
#include "core/base/files.h"
#include "core/base/logging.h"
#include "core/checkpoint/average_files.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/safetensors.h"
#include "core/comm/rank_failure.h"

namespace convoy {
namespace {

// A save that takes longer, and is slower for its size, is told.
constexpr double kSlowSeconds = 5, kSlowBytesPerSecond = 20e6;

WrittenFile write_small_file(const std::filesystem::path& path, const std::string& content) {
  File file = File::create(path);
  file.write(content);
  file.sync();
  file.close();
  return {static_cast<int64_t>(content.size()), checksum_of(content)};
}

// We are here because something failed already, and that is reported.
void remove_quietly(const std::filesystem::path& path) noexcept try { remove_path(path); } catch (const FileError&) {
}

// The words of what it throws; empty: nothing.
std::string words_of_failure(const std::function<void()>& work) { return failure_of(work).message; }

void add_to_sum(BlockSum& sum, int64_t begin, const void* data, DType dtype, int64_t elements) {
  const auto count = static_cast<size_t>(elements);
  if (dtype == DType::f32) return sum.add(begin, {static_cast<const float*>(data), count});
  const std::span narrow(static_cast<const bf16*>(data), count);
  std::vector<float> wide(std::min(count, size_t{1} << 16));  // whole blocks
  for (size_t at = 0; at < count; at += wide.size()) {
    const auto piece = narrow.subspan(at, std::min(wide.size(), count - at));
    std::ranges::transform(piece, wide.begin(), [](bf16 value) { return static_cast<float>(value); });
    sum.add(begin + static_cast<int64_t>(at), std::span(wide).first(piece.size()));
  }
}

BlockSum sum_of(const StateShard& shard, const StateShard::Array& array, int place) {
  BlockSum sum;
  if (shard.held == 0) return sum;
  for (const Bucket& cut : shard.cuts) {
    const int64_t begin = cut.begin + place * cut.shard, end = std::min({begin + cut.shard, cut.end, shard.total});
    const std::byte* from =
        static_cast<const std::byte*>(array.data) + static_cast<size_t>(cut.offset) * size_of(array.dtype);
    if (begin < end) add_to_sum(sum, begin, from, array.dtype, end - begin);
  }
  return sum;
}

SafetensorsPlan plan_file(const OptimizerShard& optimizer, int holders) {
  std::vector<NamedTensor> tensors;
  for (const StateShard& shard : optimizer.groups)
    for (const StateShard::Array& array : shard.arrays)
      tensors.push_back(
          {GroupRecord{.name = shard.group}.tensor(array.name), {nullptr, array.dtype, {holders * shard.elements}}});
  return plan_safetensors(std::move(tensors));
}

OptimizerRecord record_of(const OptimizerShard& optimizer, int ranks_per_file) {
  OptimizerRecord record{.name = optimizer.name, .ranks_per_file = ranks_per_file};
  record.ranks.resize(static_cast<size_t>(optimizer.groups.empty() ? 0 : optimizer.holders));
  for (const StateShard& shard : optimizer.groups) {
    GroupRecord& group = record.groups.emplace_back(
        GroupRecord{.name = shard.group, .total = shard.total, .elements = shard.elements, .cuts = shard.cuts});
    for (const StateShard::Array& array : shard.arrays) group.states.push_back(array.name);
  }
  return record;
}

// Of what all ranks must have the same.
uint64_t fingerprint(const CheckpointContents& contents) {
  std::string text = fmt::format("{} {} {} {}", contents.position.step, contents.optimizer.name,
                                 contents.optimizer.holders, contents.weight_files);
  for (const StateShard& shard : contents.optimizer.groups) {
    text += fmt::format(";{} {} {} {}", shard.group, shard.total, shard.elements, shard.cuts.size());
    for (const StateShard::Array& array : shard.arrays) text += fmt::format(" {} {}", array.name, name_of(array.dtype));
  }
  for (const SummedWeights& weights : contents.summed) text += ";" + weights.name;
  return std::stoull(checksum_of(text).substr(0, 16), nullptr, 16);
}

constexpr size_t kNumbersOfFile = 3;

// Of each file, which one rank has written: the others add nothing.
std::vector<uint64_t> told(const std::vector<WrittenFile>& files, int count) {
  std::vector<uint64_t> numbers;
  for (size_t file = 0; file < static_cast<size_t>(count); ++file) {
    const WrittenFile written = file < files.size() ? files[file] : WrittenFile();
    const auto digits = [&](size_t from) {
      return written.checksum.empty() ? 0 : std::stoull(written.checksum.substr(from, 16), nullptr, 16);
    };
    numbers.insert(numbers.end(), {digits(16), digits(0), static_cast<uint64_t>(written.bytes)});
  }
  return numbers;
}

void add_files(std::span<const uint64_t> numbers, std::string (*name)(int file, int files), Manifest& manifest) {
  const auto files = static_cast<int>(numbers.size() / kNumbersOfFile);
  for (int file = 0; file < files; ++file, numbers = numbers.subspan(kNumbersOfFile))
    manifest.files[name(file, files)] = {static_cast<int64_t>(numbers[2]), BlockSum{numbers[0], numbers[1]}.hex()};
}

}  // namespace

std::vector<WeightsPart> CheckpointContents::parts() const {
  if (weight_files > 1 || weights.empty()) return weight_parts;
  return {{0, weights.size()}};
}

CheckpointWriter::CheckpointWriter(const CheckpointStoreOptions& options, const SaveRanks& ranks, int64_t save,
                                   const CheckpointContents& contents)
    : options_(options),
      ranks_(ranks),
      contents_(contents),
      unfinished_(options.folder / unfinished_name(contents.position.step, options.nonce, save)),
      record_(record_of(contents.optimizer, ranks.ranks_per_file())) {}

void CheckpointWriter::write() {
  const auto start = std::chrono::steady_clock::now();
  make_folder_together();
  std::string failure = words_of_failure([&] {
    std::optional<File> optimizer = open_optimizer_file();
    if (optimizer) write_optimizer(*optimizer);
    write_weights();
    if (first()) write_small_files();
  });
  const SaveRanks::Gathered gathered = ranks_.gather(sums(), contents_.optimizer.place, failure);
  failure = gathered.failure;
  Manifest manifest;
  if (first() && failure.empty()) failure = words_of_failure([&] { manifest = manifest_of(gathered); });
  if (keeps_average(contents_)) add_averages(manifest, failure);
  if (first() && failure.empty())
    failure = words_of_failure([&] {
      publish(manifest);
      warn_if_slow(manifest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    });
  if (first() && !failure.empty()) remove_quietly(unfinished_);
  failure = ranks_.all().broadcast_text(failure, 0);
  if (!failure.empty()) throw CheckpointError(failure);
  if (!first()) return;
  name_best(options_.folder, contents_.position);
  remove_old_checkpoints(options_.folder, contents_.position, options_.retention());
}

// Before anybody looks for it.
void CheckpointWriter::make_folder_together() const {
  std::string failure;
  if (first()) failure = words_of_failure([&] { make_folder(unfinished_); });
  failure = ranks_.all().broadcast_text(failure, 0);
  if (!failure.empty()) throw CheckpointError(failure);
}

// The first of its ranks makes it, with its header and its size. Absent: none of them, or not this one, has elements.
std::optional<File> CheckpointWriter::open_optimizer_file() const {
  Communicator& ranks = ranks_.of_file();
  const auto holders = static_cast<int>(record_.ranks.size());
  const int64_t mine = ranks_.all().rank() < holders ? contents_.optimizer.place : -1;
  std::vector<int64_t> places(static_cast<size_t>(ranks.size()));
  ranks.all_gather_host(places.data(), &mine, sizeof mine);
  const auto holds = [&](int64_t place) { return place >= 0 && record_.has_elements_at(place); };
  if (std::ranges::none_of(places, holds)) return std::nullopt;
  const std::filesystem::path path = unfinished_ / record_.file_name(ranks_.file());
  std::optional<File> file;
  std::string failure;
  if (ranks.rank() == 0)
    failure = words_of_failure([&] {
      const SafetensorsPlan plan = plan_file(contents_.optimizer, record_.holders_in(ranks_.file()));
      file.emplace(File::create(path));
      file->truncate(plan.bytes);
      file->write_at(0, std::as_bytes(std::span(plan.prefix)));
    });
  failure = ranks.broadcast_text(failure, 0);
  if (!failure.empty()) throw CheckpointError(failure);
  if (!file && holds(mine)) file.emplace(File::change(path));
  return file;
}

void CheckpointWriter::write_optimizer(File& file) const {
  const SafetensorsPlan plan = plan_file(contents_.optimizer, record_.holders_in(ranks_.file()));
  const int64_t index = ranks_.of_file().rank();
  for (const StateShard& shard : contents_.optimizer.groups)
    for (const auto& [name, data, dtype] : shard.arrays) {
      if (shard.held == 0) continue;
      const auto unit = static_cast<int64_t>(size_of(dtype));
      file.write_at(plan.begins.at(GroupRecord{.name = shard.group}.tensor(name)) + index * shard.elements * unit,
                    {static_cast<const std::byte*>(data), static_cast<size_t>(shard.held * unit)});
    }
  file.sync();
  file.close();
}

void CheckpointWriter::write_weights() {
  const int files = contents_.weight_files;
  weights_.resize(static_cast<size_t>(files));
  auto tensor = contents_.weights.begin();
  for (const auto& [file, tensors] : contents_.parts()) {
    const auto end = tensor + static_cast<std::ptrdiff_t>(tensors);
    weights_[static_cast<size_t>(file)] =
        write_safetensors(unfinished_ / weights_file_name(file, files), {tensor, end});
    tensor = end;
  }
}

void CheckpointWriter::write_small_files() {
  if (contents_.weight_files > 1)
    files_[kWeightsIndexName] = write_small_file(unfinished_ / kWeightsIndexName, contents_.weights_index);
  if (!contents_.average_index.empty())
    files_[kAverageIndexName] = write_small_file(unfinished_ / kAverageIndexName, contents_.average_index);
  for (const auto& [name, content] : contents_.files) files_[name] = write_small_file(unfinished_ / name, content);
}

// Of all states and weights, in the order of the contents.
std::vector<uint64_t> CheckpointWriter::sums() const {
  std::vector<uint64_t> sums{fingerprint(contents_)};
  const auto add = [&](const BlockSum& sum) { sums.insert(sums.end(), {sum.low, sum.high}); };
  const bool holds = ranks_.all().rank() < contents_.optimizer.holders;
  for (const StateShard& shard : contents_.optimizer.groups)
    for (const StateShard::Array& array : shard.arrays)
      add(holds ? sum_of(shard, array, contents_.optimizer.place) : BlockSum());
  for (const SummedWeights& weights : contents_.summed) add(weights.sum);
  const std::vector<uint64_t> written = told(weights_, contents_.weight_files);
  sums.insert(sums.end(), written.begin(), written.end());
  return sums;
}

Manifest CheckpointWriter::manifest_of(const SaveRanks::Gathered& gathered) const {
  Manifest manifest{.position = contents_.position, .optimizer = record_, .files = files_};
  OptimizerRecord& optimizer = manifest.optimizer;
  for (size_t rank = 0; rank < optimizer.ranks.size(); ++rank)
    optimizer.ranks.at(static_cast<size_t>(gathered.notes[rank])) = static_cast<int>(rank);
  for (int file = 0; file < optimizer.files(); ++file) {
    const int holders = optimizer.holders_in(file), first = file * optimizer.ranks_per_file;
    std::vector<int> ranks(static_cast<size_t>(holders));
    std::iota(ranks.begin(), ranks.end(), first);
    if (std::ranges::none_of(ranks, [&](int rank) { return optimizer.has_elements(rank); })) continue;
    const SafetensorsPlan plan = plan_file(contents_.optimizer, holders);
    manifest.files[optimizer.file_name(file)] = {plan.bytes, checksum_of(plan.prefix),
                                                 static_cast<int64_t>(plan.prefix.size())};
  }
  auto sum = gathered.sums.begin();
  if (*sum++ != fingerprint(contents_) * static_cast<uint64_t>(ranks_.all().size()))
    throw CheckpointError(fmt::format("the {} ranks do not save the same parts of the same step", ranks_.all().size()));
  const auto next = [&] {
    const BlockSum of_next{*sum, *(sum + 1)};
    sum += 2;
    return of_next.hex();
  };
  for (GroupRecord& group : optimizer.groups)
    for (const std::string& state : group.states) group.sums[state] = next();
  for (const SummedWeights& weights : contents_.summed) manifest.weight_sums[weights.name] = next();
  add_files(std::span(gathered.sums).subspan(static_cast<size_t>(sum - gathered.sums.begin())), weights_file_name,
            manifest);
  return manifest;
}

// Collective, once all ranks' states are in the folder. failure: rank 0's so far, and then of all.
void CheckpointWriter::add_averages(Manifest& manifest, std::string& failure) const {
  failure = ranks_.all().broadcast_text(failure, 0);
  if (!failure.empty()) return;
  OptimizerRecord record = record_;
  if (first()) record.ranks = manifest.optimizer.ranks;
  ranks_.all().broadcast_host(record.ranks.data(), record.ranks.size() * sizeof(int), 0);
  std::vector<WrittenFile> averages;
  const std::string mine = words_of_failure([&] { averages = write_averages(unfinished_, contents_, record); });
  const SaveRanks::Gathered gathered = ranks_.gather(told(averages, contents_.weight_files), 0, mine);
  failure = gathered.failure;
  if (first() && failure.empty()) add_files(gathered.sums, average_file_name, manifest);
}

void CheckpointWriter::publish(const Manifest& manifest) const {
  write_small_file(unfinished_ / kManifestName, manifest_text(manifest));
  sync_folder(unfinished_);
  const std::string name = checkpoint_name(contents_.position.step);
  publish_folder(unfinished_, options_.folder / name);
  remove_quietly(unfinished_);  // a checkpoint of the same step that was replaced
  write_file_atomically(options_.folder / "latest", name + "\n");
}

void CheckpointWriter::warn_if_slow(const Manifest& manifest, double seconds) const {
  int64_t bytes = 0;
  for (const auto& [name, file] : manifest.files) bytes += file.bytes;
  const double bytes_per_s = static_cast<double>(bytes) / seconds;
  if (seconds > kSlowSeconds && bytes_per_s < kSlowBytesPerSecond)
    logging::warn("{} was written at {:.3g} MB/s: {:.3g} MB in {:.1f} s; the file system of {} is slow",
                  checkpoint_name(contents_.position.step), bytes_per_s / 1e6, static_cast<double>(bytes) / 1e6,
                  seconds, options_.folder.string());
}

}  // namespace convoy
