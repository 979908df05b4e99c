// Which file may include what: interfaces below, choices on top.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convoy {

struct Include {
  std::string file;    // that includes, from the root of the repository: "comm/mpi/mpi_communicator.cpp"
  int line = 0;        // from 1
  std::string header;  // as written, without quotes or brackets
  bool quoted = false;
};

// Every #include of every C++ and CUDA file below root/folder.
std::vector<Include> includes_below(const std::filesystem::path& root, const std::string& folder);

// What is wrong with it, or nothing.
std::optional<std::string> broken_rule(const Include& include);

}  // namespace convoy
