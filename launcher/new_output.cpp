#include "launcher/new_output.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/files.h"

namespace convoy {

NewOutput::NewOutput(const std::filesystem::path& out)
    : out_(out.has_filename() ? out : out.parent_path()), path_(out_) {
  std::error_code ignored;
  const bool is_empty = std::filesystem::is_directory(out_, ignored) && std::filesystem::is_empty(out_, ignored);
  if (std::filesystem::exists(out_, ignored) && !is_empty)
    throw ConfigError(fmt::format("{} is there already; give another name, or remove it first", out_.string()));
  path_ += ".new";
  std::filesystem::remove_all(path_, ignored);
  if (out_.has_parent_path()) make_folder(out_.parent_path());
}

NewOutput::~NewOutput() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

void NewOutput::commit() {
  std::error_code ignored;
  if (std::filesystem::is_directory(path_, ignored)) sync_folder(path_);
  if (std::filesystem::is_directory(out_, ignored)) std::filesystem::remove(out_, ignored);
  rename_path(path_, out_);
  path_.clear();
  sync_folder(out_.has_parent_path() ? out_.parent_path() : ".");
}

}  // namespace convoy
