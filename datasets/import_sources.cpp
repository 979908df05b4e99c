#include "datasets/import_sources.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "core/base/disk_space.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/shards.h"

namespace convoy {
namespace {

int64_t bytes_on_disk(const TextFile& file) {
  return file.is_pipe ? 0 : static_cast<int64_t>(std::filesystem::file_size(file.path));
}

[[noreturn]] void throw_another_import(const std::filesystem::path& out) {
  throw DataError(fmt::format(
      "{}: holds a dataset of other data or options; choose another folder, or replace it with --force", out.string()));
}

}  // namespace

ImportSources::ImportSources(const std::vector<std::vector<std::filesystem::path>>& groups,
                             std::span<const std::string_view> extensions) {
  for (size_t group = 0; group < groups.size(); ++group)
    for (TextFile& file : find_text_files(groups[group], extensions, &notes_)) {
      shown_.push_back(file.path.string());
      files_.push_back(std::move(file));
      groups_.push_back(group);
    }
}

int64_t ImportSources::bytes() const {
  int64_t bytes = 0;
  for (const TextFile& file : files_) bytes += bytes_on_disk(file);
  return bytes;
}

void ImportSources::scan(ImportRecord& record, std::set<char32_t>* characters, const std::filesystem::path& pipes,
                         ImportClock& clock) {
  clock.start("reading", bytes());
  for (TextFile& file : files_) {
    std::filesystem::path copy;
    if (file.is_pipe && !pipes.empty()) {
      make_folder(pipes);
      copy = pipes / fmt::format("{}", record.sources.size());
    }
    scan_text_file(
        file, characters, [&](int64_t bytes) { clock.advance(bytes); }, copy);
    record.sources.push_back({file.name, file.bytes, file.checksum});
  }
}

DatasetManifest ImportSources::open_existing(const std::filesystem::path& out, const ImportRecord& record) const {
  DatasetManifest manifest = read_dataset_manifest(out);
  open_every_shard(out, manifest);
  const ImportRecord& there = manifest.import;
  bool same =
      there.command == record.command && there.options == record.options && there.sources.size() == files_.size();
  for (size_t i = 0; same && i < files_.size(); ++i)
    same = files_[i].is_pipe || bytes_on_disk(files_[i]) == there.sources[i].bytes;
  if (!same) throw_another_import(out);
  return manifest;
}

void require_same_import(const std::filesystem::path& out, const DatasetManifest& manifest,
                         const ImportRecord& record) {
  if (!(manifest.import == record)) throw_another_import(out);
}

void require_room(const std::filesystem::path& folder, int64_t bytes, std::string_view what) {
  const auto free = free_bytes(folder);
  if (free && *free < bytes)
    throw FileError(
        fmt::format("write the {} bytes that {} take at least, of which {} are free, to", bytes, what, *free), folder,
        ENOSPC);
}

}  // namespace convoy
