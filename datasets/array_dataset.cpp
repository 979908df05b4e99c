#include "datasets/array_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "datasets/compare_fields.h"

namespace convoy {
namespace {

DatasetFacts facts_of_arrays(const DatasetManifest& manifest) {
  DatasetFacts facts = facts_of_rows(manifest, "samples");
  for (const StoredField& field : manifest.fields) facts.fields.push_back(field.facts);
  return facts;
}

// What ArrayShard::rows_decoded_at_once() says of these shards; each of the ranks looks at some.
std::vector<int64_t> look_at(const Shards& shards, const std::vector<size_t>& wanted, Communicator* ranks) {
  const auto found = read_of_each_shard(
      wanted.size(), ranks, [&](size_t i) { return fmt::format("{}", shards[wanted[i]].rows_decoded_at_once()); });
  std::vector<int64_t> rows;
  for (const std::string& text : found) rows.push_back(std::stoll(text));
  return rows;
}

// The same by shard. An import leaves shards in one piece, and checks in them: of such the first tells whether somebody
// has stored them anew since, and the others are looked at only then.
std::vector<int64_t> rows_decoded(const Shards& shards, Communicator* ranks) {
  std::vector<int64_t> rows(shards.size());
  if (rows.empty()) return rows;
  const bool stored_anew = look_at(shards, {0}, ranks)[0] > 0;
  std::vector<size_t> unknown;
  for (size_t shard = 0; shard < shards.size(); ++shard)
    if (stored_anew || shards.entry(shard).checks.empty()) unknown.push_back(shard);
  const std::vector<int64_t> found = look_at(shards, unknown, ranks);
  for (size_t i = 0; i < unknown.size(); ++i) rows[unknown[i]] = found[i];
  return rows;
}

}  // namespace

ArrayDataset::ArrayDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs,
                           int64_t window_bytes)
    : FolderDataset(std::move(folder), manifest, needs, facts_of_arrays(manifest)),
      cache_(std::make_shared<BandCache>(3 * window_bytes)) {  // a window, the next, and what evaluations read
  for (const StoredField& field : manifest_.fields) {
    if (field.facts.ragged)
      throw DataError(fmt::format("{}: field {} is ragged, but samples of kind \"{}\" have one shape; pad them to it",
                                  folder_.string(), field.name, manifest_.kind));
    fields_.push_back({field.name, batch_dtype(field.type), field.shape});
  }
  if (fields_.empty()) throw DataError(fmt::format("{}: its manifest names no field", folder_.string()));
  for (const Split split : kSplits) parts_.push_back(open(split));
  require_samples(Split::train);
  const std::vector<int64_t> decoded = rows_decoded(parts_[0].shards, ranks_);
  order_ = std::make_unique<RowOrder>(blocks_of_training(decoded), rows_of_window(decoded, window_bytes), seed_);
}

ArrayDataset::~ArrayDataset() { cache_->stop(); }

// As many rows as are decoded at once; of a shard in one piece, all.
std::vector<int64_t> ArrayDataset::blocks_of_training(const std::vector<int64_t>& decoded) const {
  std::vector<int64_t> blocks;
  const Shards& shards = parts_[0].shards;
  for (size_t shard = 0; shard < shards.size(); ++shard) {
    const int64_t rows = shards.rows(shard), of_block = decoded[shard] > 0 ? decoded[shard] : rows;
    for (int64_t begin = 0; begin < rows; begin += of_block) blocks.push_back(std::min(of_block, rows - begin));
  }
  return blocks;
}

// 0: nothing is in chunks.
int64_t ArrayDataset::rows_of_window(const std::vector<int64_t>& decoded, int64_t window_bytes) const {
  const bool chunked = std::any_of(decoded.begin(), decoded.end(), [](int64_t rows) { return rows > 0; });
  return chunked ? std::max<int64_t>(1, window_bytes / manifest_.row_bytes()) : 0;
}

ArrayDataset::Part ArrayDataset::open(Split split) const {
  Part part{shards(split, cache_), {0}};
  for (size_t shard = 0; shard < part.shards.size(); ++shard)
    part.first.push_back(part.first.back() + part.shards.rows(shard));
  return part;
}

std::vector<int64_t> ArrayDataset::rows_of(Split split, int64_t first, int64_t count) const {
  std::vector<int64_t> rows(static_cast<size_t>(count));
  if (split == Split::train)
    order_->rows_of_samples(first, rows);
  else
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = (first + static_cast<int64_t>(i)) % samples(split);
  return rows;
}

// Of the window that begins, what was not decoded with the one before, and of the next.
void ArrayDataset::read_ahead(int64_t sample) {
  const int64_t window = order_->window_of(sample), before = window_.exchange(window);
  if (window == before) return;
  std::vector<BandKey> bands;
  const bool follows = window == before + 1;
  for (const int64_t wanted : {window, window + 1})
    if (wanted != window || !follows)
      for (const int64_t block : order_->blocks_of(wanted)) add_bands(block, bands);
  cache_->read_ahead(bands, follows);
}

void ArrayDataset::add_bands(int64_t block, std::vector<BandKey>& bands) const {
  const auto [shard, row] = place_of(parts_[0], order_->first_row(block));
  shard->add_bands(row, order_->rows_of(block), bands);
}

std::pair<const ArrayShard*, int64_t> ArrayDataset::place_of(const Part& part, int64_t row) {
  const auto behind = std::upper_bound(part.first.begin(), part.first.end(), row);
  const auto shard = static_cast<size_t>(behind - part.first.begin()) - 1;
  return {&part.shards[shard], row - part.first[shard]};
}

void ArrayDataset::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  check_tensors(out, first, count);
  require_samples(split);
  const Part& part = parts_[static_cast<size_t>(split)];
  const std::vector<int64_t> rows = rows_of(split, first, count);
  for (int64_t i = 0; i < count; ++i) {
    if (split == Split::train && order_->has_windows()) read_ahead(first + i);
    const auto [shard, row] = place_of(part, rows[static_cast<size_t>(i)]);
    for (size_t f = 0; f < fields_.size(); ++f) {
      const size_t sample_bytes = out[f].bytes() / static_cast<size_t>(count);
      shard->read(f, row, 1, out[f].as<std::byte>() + static_cast<size_t>(i) * sample_bytes);
    }
  }
}

std::map<std::string, std::string> ArrayDataset::files() const {
  std::map<std::string, std::string> files{{kFieldsFile, fields_json(manifest_)}};
  if (!manifest_.preprocessing.empty()) files[kPreprocessingFile] = manifest_.preprocessing;
  return files;
}

std::vector<int64_t> ArrayDataset::class_counts(const std::string& name) const {
  constexpr int64_t kRowsAtOnce = 1 << 16;
  const BatchField* found = find_field(fields_, name);
  const auto f = static_cast<size_t>(found - fields_.data());
  if (found == nullptr || found->dtype != DType::i32 || facts_.fields[f].classes.empty())
    throw InternalError(fmt::format("the classes of {} are counted, which is no field of labels", name));
  std::vector<int64_t> counts(facts_.fields[f].classes.size());
  std::vector<int32_t> labels;
  const Shards& shards = parts_[0].shards;
  for (size_t shard = 0; shard < shards.size(); ++shard)
    for (int64_t begin = 0, some = 0; begin < shards.rows(shard); begin += some) {
      some = std::min(kRowsAtOnce, shards.rows(shard) - begin);
      labels.resize(static_cast<size_t>(some * found->shape.elements()));
      shards[shard].read(f, begin, some, labels.data());
      for (const int32_t label : labels) ++counts[static_cast<size_t>(label)];
    }
  return counts;
}

std::string ArrayDataset::too_few(Split split, int64_t wanted, bool model_is_fixed) const {
  const int64_t found = samples(split);
  const std::string again = manifest_.import.command.empty()
                                ? "add rows to it"
                                : fmt::format("import the data again with a larger --{} and --force", name_of(split));
  if (found == 0 && split != Split::train)
    return fmt::format("the dataset has no {} split; {}", name_of(split),
                       manifest_.import.command.empty()
                           ? std::string("write one")
                           : fmt::format("import the data again with --{} 0.1 and --force", name_of(split)));
  if (split == Split::train)
    return fmt::format("the training split has {} samples, {} wanted; import more data, or less of it for other splits",
                       found, wanted);
  return fmt::format("the {} split has {} samples, {} wanted; {}{}", name_of(split), found, wanted, again,
                     model_is_fixed ? "" : fmt::format(", or lower batch.micro to {}", found));
}

}  // namespace convoy
