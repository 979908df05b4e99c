#include "launcher/plan/planned_start.h"

#include <filesystem>
#include <numeric>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/verified_blocks.h"
#include "launcher/open_data.h"

namespace convoy {

std::optional<PlannedStart> planned_start(const Config& config, int ranks, const simulated::Cluster& cluster) {
  if (!data_is_there(config)) return std::nullopt;
  std::vector<int> all(static_cast<size_t>(ranks));
  std::iota(all.begin(), all.end(), 0);
  PlannedStart start;
  for (const std::string& path : data_paths(config)) {
    const DatasetManifest manifest = read_dataset_manifest(path);
    const size_t bytes = index_bytes(manifest);
    start.manifest_bytes += std::filesystem::file_size(std::filesystem::path(path) / kDatasetManifestName);
    start.index_bytes += bytes;
    if (ranks > 1) start.traffic += traffic_of(cluster, simulated::Collective::broadcast, all, 0, bytes);
    start.marks_bytes += marks_bytes(manifest);
  }
  return start;
}

}  // namespace convoy
