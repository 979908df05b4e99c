#include "datasets/text/text_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

namespace convoy {
namespace {

namespace fs = std::filesystem;

// N of /dev/stdin, /dev/fd/N and their like; -1: another path.
int own_descriptor(const fs::path& path) {
  std::error_code ignored;
  const fs::path target = path == "/dev/stdin" ? fs::read_symlink(path, ignored) : path;
  if (fs::weakly_canonical(target.parent_path(), ignored) != fs::canonical("/proc/self/fd", ignored)) return -1;
  const std::string name = target.filename().string();
  int number = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? number : -1;
}

// A pipe that we hold already is not opened anew: if who wrote to it has ended, that would wait for ever.
Descriptor open_text(const TextFile& file) {
  if (!file.is_pipe) File::open(file.path);  // says what is no file
  const int held = file.is_pipe ? own_descriptor(file.path) : -1;
  return Descriptor(held >= 0 ? ::fcntl(held, F_DUPFD_CLOEXEC, 0) : ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

TextReader::TextReader(const TextFile& file, const std::filesystem::path& copy) : path_(file.path) {
  descriptor_ = open_text(file);
  if (!descriptor_) throw FileError("open", path_, errno);
  if (file.is_pipe && !copy.empty()) copy_.emplace(File::create(copy));
}

size_t TextReader::append(size_t bytes, std::string& text) {
  const size_t before = text.size();
  text.resize(before + bytes);
  size_t got = 0;
  while (got < bytes) {
    const ssize_t count = ::read(descriptor_.get(), text.data() + before + got, bytes - got);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError("read", path_, errno);
    if (count == 0) break;
    got += static_cast<size_t>(count);
  }
  text.resize(before + got);
  if (copy_) copy_->write(std::string_view(text).substr(before));
  return got;
}

void TextReader::close() {
  if (copy_) copy_->close();
}

}  // namespace convoy
