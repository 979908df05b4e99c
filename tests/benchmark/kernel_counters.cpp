// What every CUDA kernel moves and does, counted by the virtual GPU: bytes beside the least possible, sector
// efficiency, share of 16-byte accesses, bank conflicts, instructions by class.
//
//   LD_LIBRARY_PATH=<build>/virtual_gpu kernel_counters [PART OF A CASE'S NAME]
//
// Flags streaming kernels that move more than 1.1 x the least bytes or fill less than 95% of the sectors they touch,
// all kernels whose shared-memory accesses take more than 5% longer than without bank conflicts, and those on tensor
// cores that keep shared memory busy for more than 2.1 clocks a product of 16 x 8 x 16. Exits 1 if it flagged anything,
// 3 if there was nothing to read.
//
// Every case runs in a process of its own, so that a profile holds its kernels alone: with `--case NAME` the program
// runs that case and prints its least bytes and whether it streams.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "core/base/error.h"
#include "tests/benchmark/counters/counter_cases.h"
#include "tests/benchmark/counters/kernel_profile.h"

namespace convoy::counters {
namespace {

constexpr double kMostRatio = 1.1, kLeastEfficiency = 0.95, kMostConflicts = 0.05, kMostClocksPerMma = 2.1;

int run_case(std::string_view name) {
  for (const Case& c : cases()) {
    if (c.name != name) continue;
    CounterBench bench;
    const Work work = c.run(bench);
    fmt::print("{} {}\n", work.least_bytes, work.streaming ? 1 : 0);
    return 0;
  }
  fmt::print(stderr, "no case is named '{}'\n", name);
  return 2;
}

// The case in a process of its own, with the profile it leaves.
Work run_apart(const std::string& name, const std::filesystem::path& profile) {
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command =
      fmt::format("VGPU_PROFILE='{}' '{}' --case '{}'", profile.string(), program.string(), name);
  std::fflush(stdout);
  FILE* output = popen(command.c_str(), "r");
  if (output == nullptr) throw InternalError("popen failed: " + command);
  Work work;
  int streaming = 0;
  const int read = std::fscanf(output, "%lf %d", &work.least_bytes, &streaming);
  const int status = pclose(output);
  if (read != 2 || status != 0)
    throw DataError(
        fmt::format("case '{}' failed with exit code {}", name, WIFEXITED(status) ? WEXITSTATUS(status) : -1));
  work.streaming = streaming != 0;
  return work;
}

void print_heading() {
  fmt::print("{:<58} {:>8} {:>8} {:>6} {:>7} {:>6} {:>9} {:>8} {:>7} {:>7} {:>8} {:>8} {:>7} {:>6}\n", "case, kernel",
             "moved MB", "least MB", "ratio", "sectors", "wide", "conflicts", "inst M", "fma M", "sfu M", "shuffles",
             "barriers", "atomics", "sh/mma");
}

// Prints one kernel and counts its flags.
int print_kernel(const KernelProfile& k, bool streaming) {
  const bool thin = streaming && k.sector_efficiency() < kLeastEfficiency;
  const bool conflicts = k.conflict_share() > kMostConflicts;
  const bool busy = k.clocks_per_mma() > kMostClocksPerMma;
  fmt::print(
      "  {:<56} {:>8.2f} {:>8} {:>6} {:>6.1f}% {:>5.0f}% {:>8.1f}% {:>8.2f} {:>7.2f} {:>7.2f} {:>8} {:>8} {:>7} "
      "{:>6.2f}{}{}{}\n",
      k.kernel, k.moved_bytes() / 1e6, "", "", 100 * k.sector_efficiency(), 100 * k.wide_share(),
      100 * k.conflict_share(), k.count("thread_insts") / 1e6, k.count("fma") / 1e6, k.count("sfu") / 1e6,
      k.count("shuffles"), k.count("barriers"), k.count("atomics"), k.clocks_per_mma(), thin ? "  << THIN SECTORS" : "",
      conflicts ? "  << BANK CONFLICTS" : "", busy ? "  << SHARED MEMORY BUSY" : "");
  return thin + conflicts + busy;
}

int print_case(const std::string& name, const Work& work, const std::vector<KernelProfile>& kernels) {
  double moved = 0;
  for (const KernelProfile& kernel : kernels) moved += kernel.moved_bytes();
  const double ratio = moved / work.least_bytes;
  const bool more = work.streaming && ratio > kMostRatio;
  fmt::print("{:<58} {:>8.2f} {:>8.2f} {:>6.3f}{}\n", name, moved / 1e6, work.least_bytes / 1e6, ratio,
             more ? "  << MOVES TOO MUCH" : "");
  int flags = more;
  for (const KernelProfile& kernel : kernels) flags += print_kernel(kernel, work.streaming);
  return flags;
}

int report(std::string_view part) {
  const auto profile = std::filesystem::temp_directory_path() / fmt::format("kernel_counters-{}.csv", getpid());
  int flags = 0, shown = 0;
  print_heading();
  for (const Case& c : cases()) {
    if (c.name.find(part) == std::string::npos) continue;
    const Work work = run_apart(c.name, profile);
    flags += print_case(c.name, work, read_profile(profile));
    std::filesystem::remove(profile);
    ++shown;
  }
  fmt::print("{} cases, {} flags\n", shown, flags);
  return flags > 0 ? 1 : 0;
}

}  // namespace
}  // namespace convoy::counters

int main(int argc, char** argv) {
  using namespace convoy;
  try {
    const std::string_view first = argc > 1 ? argv[1] : "";
    if (first == "--case" && argc == 3) return counters::run_case(argv[2]);
    return counters::report(first);
  } catch (const std::exception& e) {
    fmt::print(stderr, "kernel_counters: {}\n", e.what());
    return 3;
  }
}
