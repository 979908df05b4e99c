#include "launcher/doctor/machine_facts.h"

#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.h>
#include <unistd.h>

#include "comm/mpi/mpi_communicator.h"
#include "comm/nccl/nccl_communicator.h"
#include "core/base/error.h"
#include "datasets/hdf5/hdf5_version.h"
#include "kernels/cpu/cpu_device.h"
#include "kernels/cpu/cpu_isa.h"
#include "launcher/binding/cpu_quota.h"
#include "launcher/cuda_support.h"
#include "launcher/device_choice.h"
#include "launcher/progress/progress_text.h"

namespace convoy {
namespace {

// The device is made as training makes it: that it can be is the best check.
std::string cpu_text(std::vector<std::string>& problems) {
  try {
    const double quota = quota_share(cpu_quotas(), {});
    const int threads = threads_within(static_cast<int>(usable_processors().size()), quota);
    const DeviceInfo info = cpu::make_cpu_device(threads)->info();
    return fmt::format("CPU: {}, {} memory", info.name, bytes_text(info.memory_bytes));
  } catch (const Error& error) {
    problems.push_back(fmt::format("the CPU device cannot be used: {}", error.what()));
    return "CPU: cannot be used";
  }
}

// One line a GPU, or why there is none: no problem, since the CPU computes then.
std::vector<std::string> cuda_devices(std::vector<std::string>& problems) {
  const CudaSupport cuda = cuda_support();
  if (cuda.devices == 0) return {fmt::format("no device: {}", cuda.reason)};
  std::vector<std::string> lines;
  for (int i = 0; i < cuda.devices; ++i) {
    try {
      const DeviceInfo info = make_cuda_device(i, false)->info();
      lines.push_back(
          fmt::format("device {}: {}, {} memory, {}", i, info.name, bytes_text(info.memory_bytes), info.serial));
    } catch (const Error& error) {
      problems.push_back(fmt::format("CUDA device {} cannot be used: {}", i, error.what()));
    }
  }
  return lines;
}

// A limit that is no instruction set keeps the device from being made: told above.
std::string isa_text() try {
  const auto active = cpu::active_isa(), all = cpu::processor_isa();
  if (active == all) return std::string(cpu::name_of(active));
  return fmt::format("{}, limited by CONVOY_CPU_ISA; the processor has {}", cpu::name_of(active), cpu::name_of(all));
} catch (const Error&) {
  return "unknown";
}

std::string quota_text() {
  std::string text;
  for (const CpuQuota& quota : cpu_quotas())
    text += fmt::format("{}quota of {:.3g} of their time in {}", text.empty() ? "" : ", ", quota.cpus, quota.folder);
  return text.empty() ? "no quota of their time" : text;
}

std::string onednn_version() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
}

}  // namespace

std::string machine_facts(std::vector<std::string>& problems) {
  std::string facts;
  const auto add = [&](std::string_view title, const std::string& fact) {
    facts += fmt::format("{:<8}  {}\n", title, fact);
  };
  add("trainer", CONVOY_VERSION);
  add("device", cpu_text(problems));
  add("", fmt::format("instructions used: {}", isa_text()));
  add("", fmt::format("processors of this process: {} of {}; {}", processor_ranges(usable_processors()),
                      ::sysconf(_SC_NPROCESSORS_ONLN), quota_text()));
  add("CUDA", cuda_versions());
  for (const std::string& line : cuda_devices(problems)) add("", line);
  const std::string nccl = nccl::nccl_library_version();
  add("NCCL", nccl.empty() ? "not in this build" : nccl.substr(5));
  add("MPI", mpi::mpi_library_version());
  add("HDF5", hdf5_version());
  add("oneDNN", onednn_version());
  return facts;
}

}  // namespace convoy
