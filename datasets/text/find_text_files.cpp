#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/text/text_files.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_unreachable(const fs::path& path, std::error_code error) {
  if (error == std::errc::too_many_symbolic_link_levels)
    throw DataError(fmt::format("{}: is a link that leads to itself; mend or remove it", path.string()));
  if (error != std::errc::no_such_file_or_directory) throw FileError("read", path, error.value());
  std::error_code ignored;
  if (fs::is_symlink(path, ignored) && !path.string().starts_with("/dev/"))
    throw DataError(fmt::format("{}: is a link to {}, which is not there; mend or remove it", path.string(),
                                fs::read_symlink(path, ignored).string()));
  if (path == "-") throw DataError("-: no such file or folder; standard input is named /dev/stdin");
  throw DataError(fmt::format("{}: no such file or folder; check the path", path.string()));
}

// Of what links lead to.
fs::file_type type_of(const fs::path& path) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (error) throw_unreachable(path, error);
  return type;
}

std::string describe(const fs::path& path, fs::file_type type) {
  if (type == fs::file_type::fifo) return "a pipe";
  if (type == fs::file_type::socket) return "a socket";
  if (type != fs::file_type::character) return "a device";
  const bool terminal = path == "/dev/stdin" && ::isatty(STDIN_FILENO) == 1;
  return terminal ? "a terminal" : "a device";
}

// Collects the text files below a folder.
class Walk {
 public:
  Walk(std::span<const std::string_view> extensions, std::vector<std::string>* notes)
      : extensions_(extensions), notes_(notes) {}

  std::vector<fs::path> below(const fs::path& folder) {
    visit(folder);
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  void visit(const fs::path& folder) {
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      const fs::path& path = entry->path();
      std::error_code unknown;
      const fs::file_type type = entry->symlink_status(unknown).type();
      if (unknown) throw FileError("read", path, unknown.value());
      if (type == fs::file_type::directory)
        visit(path);
      else if (is_wanted(path))
        add(path);
      else if (type == fs::file_type::symlink)
        look_behind(path);
    }
    if (error) throw FileError("read folder", folder, error.value());
  }

  bool is_wanted(const fs::path& path) const {
    return std::find(extensions_.begin(), extensions_.end(), path.extension().string()) != extensions_.end();
  }

  void add(const fs::path& path) {
    const fs::file_type type = type_of(path);
    if (type == fs::file_type::regular)
      found_.push_back(path);
    else if (type == fs::file_type::directory)
      note(path);
    else
      throw DataError(fmt::format("{}: is {}; of a folder only files are read: name it beside the folder, or remove it",
                                  path.string(), describe(path, type)));
  }

  // Whatever else links lead to is none of ours.
  void look_behind(const fs::path& link) {
    std::error_code ignored;
    if (fs::is_directory(link, ignored)) note(link);
  }
  void note(const fs::path& link) {
    if (notes_ != nullptr)
      notes_->push_back(
          fmt::format("{}: links to folders are not followed; name it to import what is in it", link.string()));
  }

  std::span<const std::string_view> extensions_;
  std::vector<std::string>* notes_;
  std::vector<fs::path> found_;
};

void add_folder(const fs::path& folder, std::span<const std::string_view> extensions, std::vector<TextFile>& files,
                std::vector<std::string>* notes) {
  const std::vector<fs::path> found = Walk(extensions, notes).below(folder);
  if (found.empty())
    throw DataError(
        fmt::format("{}: no *{} file in this folder or below; name a folder that has some, or the files themselves",
                    folder.string(), fmt::join(extensions, " or *")));
  for (const fs::path& path : found) files.push_back({path, path.lexically_relative(folder).string(), 0, 0});
}

// The numbers of descriptors differ from call to call.
std::string name_of_pipe(const fs::path& path) {
  const bool is_descriptor = path.parent_path() == "/dev/fd" || path.string().starts_with("/proc/");
  return is_descriptor ? "pipe" : path.filename().string();
}

}  // namespace

std::vector<TextFile> find_text_files(const std::vector<fs::path>& inputs, std::span<const std::string_view> extensions,
                                      std::vector<std::string>* notes) {
  std::vector<TextFile> files;
  for (const fs::path& input : inputs) {
    const fs::file_type type = type_of(input);
    if (type == fs::file_type::directory)
      add_folder(input, extensions, files, notes);
    else if (type == fs::file_type::regular)
      files.push_back({input, input.filename().string(), 0, 0});
    else if (type == fs::file_type::fifo)
      files.push_back({input, name_of_pipe(input), 0, 0, true});
    else
      throw DataError(fmt::format("{}: is {}; wanted are files, folders or pipes: `cat` makes a pipe of it",
                                  input.string(), describe(input, type)));
  }
  return files;
}

}  // namespace convoy
