// What an import tells while it works, and at its end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset_manifest.h"

namespace convoy {

struct ImportProgress {
  std::string_view stage;  // "reading" (checks, checksums), then "encoding" and the like
  int64_t bytes_done = 0, bytes_total = 0;
};
using ImportProgressFunction = std::function<void(const ImportProgress&)>;

struct ImportResult {
  bool was_there = false;  // the same had been imported with the same options; nothing was written
  DatasetManifest manifest;
  std::vector<std::string> summary;  // what was read and made of it, tables for people
  std::vector<std::string> notes;    // what may not be what was meant: an empty split, links that were not followed
};

// Counts the bytes of one stage after the other, and tells whoever wants to know.
class ImportClock {
 public:
  explicit ImportClock(const ImportProgressFunction& tell) : tell_(tell) {}

  // bytes: of the stage, as far as they are known.
  void start(std::string_view stage, int64_t bytes) {
    state_ = {stage, 0, bytes};
    advance(0);
  }
  void advance(int64_t bytes) {
    state_.bytes_done += bytes;
    state_.bytes_total = std::max(state_.bytes_total, state_.bytes_done);  // pipes
    if (tell_) tell_(state_);
  }
  int64_t done() const { return state_.bytes_done; }

 private:
  const ImportProgressFunction& tell_;
  ImportProgress state_;
};

}  // namespace convoy
