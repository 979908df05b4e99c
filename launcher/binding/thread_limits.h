// Why the system lets this process begin no more threads or processes.
#pragma once

#include <filesystem>
#include <string>

namespace convoy {

// Every limit there is, with what has been used of it where that is known: "this user may have 50 processes and threads
// (ulimit -u); pids.max of /sys/fs/cgroup/job is 20, 20 are there". root: of the file system.
std::string thread_limits(const std::filesystem::path& root = "/");

}  // namespace convoy
