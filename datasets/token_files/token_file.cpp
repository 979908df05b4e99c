#include "datasets/token_files/token_file.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/files.h"

namespace convoy {

std::unique_ptr<TokenFile> open_token_file(const std::filesystem::path& path) {
  if (!is_there(path)) throw DataError(fmt::format("{}: no such file; check the path", path.string()));
  if (path.extension() == ".idx") return open_megatron_files(path);
  std::filesystem::path index = path;
  if (is_there(index.replace_extension(".idx"))) return open_megatron_files(index);
  return open_llm_c_file(path);
}

}  // namespace convoy
