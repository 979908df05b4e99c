#include "launcher/binding/thread_limits.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdint>
#include <fstream>
#include <optional>

#include "launcher/binding/control_groups.h"

namespace convoy {
namespace {

std::optional<int64_t> number_in(const std::filesystem::path& file) {
  int64_t number = 0;
  std::ifstream stream(file);
  if (!(stream >> number)) return std::nullopt;  // "max" is none
  return number;
}

}  // namespace

std::string thread_limits(const std::filesystem::path& root) {
  std::string text;
  const auto add = [&](const std::string& limit) { text += (text.empty() ? "" : "; ") + limit; };
  rlimit own{};
  if (::getrlimit(RLIMIT_NPROC, &own) == 0 && own.rlim_cur != RLIM_INFINITY)
    add(fmt::format("this user may have {} processes and threads (ulimit -u)", own.rlim_cur));
  for (const ControlGroup& group : control_groups("pids", root))
    if (const auto most = number_in(group.folder / "pids.max"))
      add(fmt::format("pids.max of {} is {}, {} are there", group.folder.string(), *most,
                      number_in(group.folder / "pids.current").value_or(0)));
  for (const char* limit : {"threads-max", "pid_max"})
    if (const auto most = number_in(root / "proc/sys/kernel" / limit))
      add(fmt::format("kernel.{} is {}", limit, *most));
  return text;
}

}  // namespace convoy
