// Writes one checkpoint, in the calling thread of every rank: this rank's part, and on rank 0 what makes the parts a
// checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/manifest.h"
#include "core/checkpoint/save_ranks.h"

namespace convoy {

class CheckpointWriter {
 public:
  // `save` numbers the saves of this start.
  CheckpointWriter(const CheckpointStoreOptions& options, const SaveRanks& ranks, int64_t save,
                   const CheckpointContents& contents);

  // Collective. Throws on every rank the same CheckpointError; rank 0 has then removed what was written.
  void write();

 private:
  bool first() const { return ranks_.all().rank() == 0; }
  void make_folder_together() const;
  std::optional<File> open_optimizer_file() const;
  void write_optimizer(File& file) const;
  void write_weights();
  void write_small_files();
  std::vector<uint64_t> sums() const;
  Manifest manifest_of(const SaveRanks::Gathered& gathered) const;
  void add_averages(Manifest& manifest, std::string& failure) const;
  void publish(const Manifest& manifest) const;
  void warn_if_slow(const Manifest& manifest, double seconds) const;

  const CheckpointStoreOptions& options_;
  const SaveRanks& ranks_;
  const CheckpointContents& contents_;
  const std::filesystem::path unfinished_;
  OptimizerRecord record_;                    // of this rank's file: places of its ranks only
  std::vector<WrittenFile> weights_;          // all files of them, those that this rank wrote told
  std::map<std::string, WrittenFile> files_;  // rank 0's small ones
};

}  // namespace convoy
