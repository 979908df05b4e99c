#include "datasets/inspect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "datasets/array_shard.h"
#include "datasets/dataset_manifest.h"
#include "datasets/grouped_number.h"

namespace convoy {
namespace {

std::string describe_source(const DatasetManifest& manifest) {
  if (manifest.import.command.empty()) return {};
  int64_t bytes = 0, files = 0;
  for (const SourceEntry& source : manifest.import.sources) {
    bytes += source.bytes;
    files += source.files;
  }
  return fmt::format(", from {} files of {} bytes by {}", grouped(files), grouped(bytes), manifest.import.command);
}

std::string describe_split(const DatasetManifest& manifest, Split which, std::string_view unit) {
  const SplitEntry& split = manifest.split(which);
  std::string text =
      fmt::format("{:<12} {:>15} {} in {} shards\n", name_of(which), grouped(split.rows()), unit, split.shards.size());
  for (const ShardEntry& shard : split.shards)
    text += fmt::format("  {:<24} {:>13} {} {:>15} bytes\n", shard.file, grouped(shard.rows), unit,
                        grouped(shard.rows * manifest.row_bytes()));
  return text;
}

constexpr size_t kMostShownColumns = 40;  // shown; of more the rest is counted

std::string describe_columns(const char* title, std::span<const Column> all) {
  const auto columns = all.first(std::min(all.size(), kMostShownColumns));
  size_t width = std::string_view(title).size();
  for (const Column& column : columns) width = std::max(width, column.name.size());
  std::string text =
      fmt::format("  {:<{}} {:>12} {:>12} {:>12} {:>12}\n", title, width, "mean", "deviation", "min", "max");
  for (const Column& column : columns) {
    text += fmt::format("  {:<{}}", column.name, width);
    if (const auto& of = column.statistics)
      text += fmt::format(" {:>12.6g} {:>12.6g} {:>12.6g} {:>12.6g}", of->mean, of->deviation, of->min, of->max);
    text += "\n";
  }
  if (columns.size() < all.size()) text += fmt::format("  and {} more\n", all.size() - columns.size());
  return text;
}

std::string describe_field(const StoredField& field) {
  const std::string shape = field.shape.dims() == 0 ? "" : to_string(field.shape) + " ";
  std::string text = fmt::format("{:<12} {}{}", field.name, shape, name_of(field.type));
  if (!field.facts.classes.empty()) text += fmt::format(", classes {}", fmt::join(field.facts.classes, ", "));
  text += "\n";
  if (!field.facts.columns.empty()) text += describe_columns("column", field.facts.columns);
  if (!field.facts.channels.empty()) text += describe_columns("channel", field.facts.channels);
  return text;
}

// Adds what is wrong with one shard.
void verify_shard(const std::filesystem::path& folder, const DatasetManifest& manifest, const ShardEntry& entry,
                  std::vector<std::string>& damages) {
  try {
    const ArrayShard shard(folder, manifest, entry);
    for (size_t field = 0; field < manifest.fields.size(); ++field) shard.verify(field, damages);
  } catch (const DataError& error) {
    damages.emplace_back(error.what());
  }
}

}  // namespace

std::string describe_dataset(const std::filesystem::path& folder, std::span<const DatasetKind> kinds) {
  const DatasetManifest manifest = read_dataset_manifest(folder);
  const DatasetKind& kind = find_dataset_kind(folder, manifest, kinds);
  std::string text = fmt::format("{}: {}{}\n", folder.string(), kind.name, describe_source(manifest));
  for (const Split split : kSplits)
    if (split != Split::test || manifest.split(split).rows() > 0) text += describe_split(manifest, split, kind.unit);
  for (const StoredField& field : manifest.fields) text += describe_field(field);
  return kind.excerpt == nullptr ? text : text + kind.excerpt(folder, manifest);
}

std::string describe_samples(const std::filesystem::path& folder, const SampleView& view,
                             std::span<const DatasetKind> kinds) {
  const DatasetManifest manifest = read_dataset_manifest(folder);
  const DatasetKind& kind = find_dataset_kind(folder, manifest, kinds);
  return kind.samples == nullptr ? std::string() : kind.samples(folder, manifest, view);
}

std::vector<std::string> verify_dataset(const std::filesystem::path& folder,
                                        const std::function<void(int64_t, int64_t)>& progress,
                                        std::span<const DatasetKind> kinds) {
  const DatasetManifest manifest = read_dataset_manifest(folder);
  const DatasetKind& kind = find_dataset_kind(folder, manifest, kinds);
  std::vector<std::string> damages;
  int64_t done = 0, total = 0;
  for (const SplitEntry& split : manifest.splits) total += split.rows() * manifest.row_bytes();
  for (const SplitEntry& split : manifest.splits)
    for (const ShardEntry& entry : split.shards) {
      verify_shard(folder, manifest, entry, damages);
      done += entry.rows * manifest.row_bytes();
      if (progress) progress(done, total);
    }
  if (kind.verify != nullptr) kind.verify(folder, manifest, damages);
  return damages;
}

}  // namespace convoy
