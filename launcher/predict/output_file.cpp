#include "launcher/predict/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

namespace convoy {

OutputFile::OutputFile(std::filesystem::path name) : name_(std::move(name)) {
  if (name_.empty()) return;
  temporary_ = name_;
  temporary_ += ".tmp-" + std::to_string(::getpid());
  file_.emplace(File::create(temporary_));
}

OutputFile::~OutputFile() {
  std::error_code ignored;
  if (!temporary_.empty()) std::filesystem::remove(temporary_, ignored);
}

void OutputFile::write(std::string_view text) {
  if (file_) return file_->write(text);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    throw FileError("write", "standard output", errno);
}

void OutputFile::commit() {
  if (!file_) {
    if (std::fflush(stdout) != 0) throw FileError("write", "standard output", errno);
    return;
  }
  file_->sync();
  file_->close();
  rename_path(temporary_, name_);
  temporary_.clear();
}

}  // namespace convoy
