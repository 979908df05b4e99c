// What a machine lets the others know about its ranks: a file in the run's folder, which one of its ranks writes anew
// every few seconds and more often when its ranks get nowhere. On one machine there is no such file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "comm/hang/diagnosis.h"

namespace convoy::hang {

struct NodeSummary {
  uint64_t number = 0;  // goes up each time it is written: a machine whose number stays is silent
  double idle_s = 0;    // when it was written: since a rank of the machine entered or left a collective
  std::vector<Sight> ranks;
};

// Lanes that were never used are left out: some 5 KB a rank.
std::string pack(const NodeSummary& summary);
// Nothing if it is damaged or was read while it was being written.
std::optional<NodeSummary> unpack(std::string_view bytes);

// The writer's side. Throws FileError.
class SummaryFile {
 public:
  // Begun anew: one create, write and fsync.
  static SummaryFile create(const std::filesystem::path& path, const NodeSummary& summary);
  // Of another rank's making.
  static SummaryFile open(const std::filesystem::path& path);
  SummaryFile(SummaryFile&& other) noexcept;
  SummaryFile& operator=(SummaryFile&&) = delete;
  ~SummaryFile();

  // In place of what it held, for other machines to see. May block where the file system hangs.
  void write(const NodeSummary& summary);

 private:
  SummaryFile(std::filesystem::path path, int flags);
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace convoy::hang
