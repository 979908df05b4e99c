#include "tests/architecture/include_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <regex>

namespace convoy {
namespace {

std::string_view first_folder(std::string_view path) { return path.substr(0, path.find('/')); }

bool contains(const auto& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Our own folders that files of a folder may include.
std::vector<std::string_view> allowed_folders(std::string_view folder) {
  if (folder == "core") return {"core"};
  if (folder == "kernels" || folder == "comm" || folder == "datasets") return {"core", folder};
  if (folder == "launcher") return {"core", "kernels", "comm", "datasets", "launcher"};
  return {"core", "kernels", "comm", "datasets", "launcher", "tests", "examples"};
}

// A library of others and the only folders that may name its headers.
struct Library {
  const char* name;
  const char* headers;  // regular expression for a whole header name
  std::vector<std::string_view> homes;
};

const std::vector<Library>& libraries() {
  static const std::vector<Library> list = {
      {"MPI", "mpi(-ext)?\\.h|openmpi/.*", {"comm/mpi/"}},
      {"HDF5", "hdf5(_hl)?\\.h|hdf5/.*|H5[A-Za-z]*\\.h", {"datasets/hdf5/"}},
      {"NCCL", "nccl.*\\.h", {"comm/nccl/"}},
      {"CUDA", "(cuda|cublas|curand|nv).*\\.h|cub/.*|thrust/.*|cooperative_groups.*", {"kernels/cuda/", "comm/nccl/"}},
      {"oneDNN", "(oneapi/)?dnnl.*", {"kernels/cpu/", "launcher/"}},
      {"yaml-cpp", "yaml-cpp/.*", {"launcher/"}},
      {"CLI11", "CLI/.*", {"launcher/"}},
      {"libcsv", "csv\\.h", {"datasets/table/"}},
      {"SentencePiece", "sentencepiece.*", {"datasets/"}},
      {"PCRE2", "pcre2.*\\.h", {"datasets/"}},
      {"spdlog", "spdlog/.*", {"core/base/", "launcher/"}},
      {"GoogleTest", "g(test|mock)/.*", {}},
  };
  return list;
}

bool is_source(const std::filesystem::path& path) {
  constexpr std::array kExtensions = {".h", ".cpp", ".cu", ".cuh", ".hpp"};
  return contains(kExtensions, path.extension().string());
}

}  // namespace

std::vector<Include> includes_below(const std::filesystem::path& root, const std::string& folder) {
  static const std::regex pattern("\\s*#\\s*include\\s*([\"<])([^\">]+)[\">].*");
  std::vector<Include> includes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
    if (!is_source(entry.path())) continue;
    const std::string file = std::filesystem::relative(entry.path(), root).generic_string();
    std::ifstream stream(entry.path());
    std::string text;
    for (int line = 1; std::getline(stream, text); ++line)
      if (std::smatch match; std::regex_match(text, match, pattern))
        includes.push_back({file, line, match[2], match[1] == "\""});
  }
  return includes;
}

std::optional<std::string> broken_rule(const Include& include) {
  const std::string_view folder = first_folder(include.file);
  if (include.quoted) {
    if (include.header.find("./") != std::string::npos || include.header.find('/') == std::string::npos)
      return "paths begin at the root of the repository";
    const auto allowed = allowed_folders(folder);
    if (contains(allowed, first_folder(include.header))) return std::nullopt;
    return fmt::format("{} may include only {}", folder, fmt::join(allowed, ", "));
  }
  for (const Library& library : libraries()) {
    if (folder == "tests" || !std::regex_match(include.header, std::regex(library.headers))) continue;
    const bool at_home = std::any_of(library.homes.begin(), library.homes.end(),
                                     [&](std::string_view home) { return include.file.starts_with(home); });
    if (!at_home)
      return fmt::format("{} belongs to {} alone", library.name,
                         library.homes.empty() ? "tests" : fmt::format("{}", fmt::join(library.homes, ", ")));
  }
  return std::nullopt;
}

}  // namespace convoy
