// Writes one checkpoint, in the calling thread: this rank's part, and on rank 0 what makes the parts a checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/manifest.h"

namespace convoy {

class CheckpointWriter {
 public:
  // `save` numbers the saves of this start, so that a late rank never writes into the folder of another save.
  CheckpointWriter(const CheckpointStoreOptions& options, int64_t save, const CheckpointContents& contents);

  // Throws CheckpointError or FileError; rank 0 then removes the folder, and at its next save what late ranks still put
  // there.
  void write();

 private:
  Receipt write_part() const;
  void write_weights_and_files(Receipt& receipt) const;
  void write_optimizer(Receipt& receipt) const;
  void leave_receipt(const Receipt& receipt) const;
  std::vector<Receipt> collect_receipts(const Receipt& own) const;
  void publish(const Manifest& manifest) const;
  std::filesystem::path receipt_path(int rank) const;

  const CheckpointStoreOptions& options_;
  const CheckpointContents& contents_;
  const int64_t save_;
  const std::filesystem::path unfinished_;
};

}  // namespace convoy
