// What imports of text have in common: the files they read, and the question whether what they would make is there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/import_progress.h"
#include "datasets/import_record.h"
#include "datasets/text/text_files.h"

namespace convoy {

class ImportSources {
 public:
  // Of folders, the files with these extensions. Throws DataError as find_text_files does.
  ImportSources(const std::vector<std::filesystem::path>& inputs, std::span<const std::string_view> extensions)
      : ImportSources(std::vector<std::vector<std::filesystem::path>>{inputs}, extensions) {}
  // Of several groups of inputs, such as those of each split.
  ImportSources(const std::vector<std::vector<std::filesystem::path>>& groups,
                std::span<const std::string_view> extensions);

  std::vector<TextFile>& files() { return files_; }
  const std::vector<TextFile>& files() const { return files_; }
  // By file: the number of its group.
  const std::vector<size_t>& groups() const { return groups_; }
  // By file, what its user called it: a pipe's copy has another path.
  const std::vector<std::string>& shown() const { return shown_; }
  std::vector<std::string>& notes() { return notes_; }
  int64_t bytes() const;  // of what is no pipe

  // Reads all once: checks that it is text, adds its sources to the record and its characters unless null. Pipes, which
  // can be read once, are kept in the folder `pipes`, unless it has no name.
  void scan(ImportRecord& record, std::set<char32_t>* characters, const std::filesystem::path& pipes,
            ImportClock& clock);

  // The dataset in `out`, if it may be of this record, whose sources have not been read yet. Throws DataError if it
  // surely is another.
  DatasetManifest open_existing(const std::filesystem::path& out, const ImportRecord& record) const;

 private:
  std::vector<std::string> notes_;
  std::vector<TextFile> files_;
  std::vector<std::string> shown_;
  std::vector<size_t> groups_;
};

// Throws DataError unless the dataset in `out` is of this record.
void require_same_import(const std::filesystem::path& out, const DatasetManifest& manifest, const ImportRecord& record);

// Throws FileError if so many bytes, of `what`, surely do not fit.
void require_room(const std::filesystem::path& folder, int64_t bytes, std::string_view what);

}  // namespace convoy
