// The control groups (cgroups(7)) that this process is in, as containers and batch systems make them.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace convoy {

struct ControlGroup {
  std::filesystem::path folder;
  bool is_v2 = false;
};

// This process's own group of each hierarchy that may have the controller ("cpu"), each followed by those around it, up
// to what is mounted. root: of the file system.
std::vector<ControlGroup> control_groups(std::string_view controller, const std::filesystem::path& root = "/");

}  // namespace convoy
