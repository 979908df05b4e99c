#include "tests/benchmark/counters/kernel_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>

#include "core/base/error.h"

namespace convoy::counters {
namespace {

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

// Fields of a line; the first, a kernel's name, may be quoted and hold commas.
std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

std::string short_name(std::string name) {
  for (const std::string_view prefix : {"void ", "convoy::cuda::", "(anonymous namespace)::", "convoy::"})
    for (size_t at = 0; (at = name.find(prefix)) != std::string::npos;) name.erase(at, prefix.size());
  return name.substr(0, name.find('('));
}

}  // namespace

double KernelProfile::moved_bytes() const {
  return 32 * (count("global_load_sectors") + count("global_store_sectors") + count("async_sectors"));
}

double KernelProfile::sector_efficiency() const {
  const double asked = count("global_load_bytes") + count("global_store_bytes") + count("async_bytes");
  return std::min(1.0, ratio(asked, moved_bytes()));
}

double KernelProfile::wide_share() const {
  const double wide = count("access_128bit");
  return ratio(wide, wide + count("access_64bit") + count("access_narrow"));
}

double KernelProfile::conflict_share() const { return ratio(count("bank_conflict_replays"), count("shared_requests")); }

double KernelProfile::clocks_per_mma() const {
  constexpr double kMmaFlops = 2 * 16 * 8 * 16;
  return ratio(count("shared_clocks"), count("mma_flops") / kMmaFlops);
}

std::vector<KernelProfile> read_profile(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line))
    throw DataError(
        fmt::format("{}: no profile; run on the virtual GPU, LD_LIBRARY_PATH=<build>/virtual_gpu", file.string()));
  const std::vector<std::string> columns = split(line);
  std::vector<KernelProfile> kernels;
  while (std::getline(in, line)) {
    const std::vector<std::string> fields = split(line);
    if (fields.size() != columns.size())
      throw DataError(fmt::format("{}: {} fields for {} columns", file.string(), fields.size(), columns.size()));
    if (fields[0].starts_with("cublas")) continue;  // a product: not a kernel of ours
    KernelProfile& kernel = kernels.emplace_back();
    kernel.kernel = short_name(fields[0]);
    for (size_t i = 1; i < fields.size(); ++i) kernel.counts[columns[i]] = std::stod(fields[i]);
  }
  return kernels;
}

}  // namespace convoy::counters
