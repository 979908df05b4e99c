#include "datasets/images/image_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/grouped_number.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

constexpr std::array kSplitFolders = {
    std::pair{std::string_view("train"), Split::train},    std::pair{std::string_view("validation"), Split::validation},
    std::pair{std::string_view("val"), Split::validation}, std::pair{std::string_view("valid"), Split::validation},
    std::pair{std::string_view("test"), Split::test},
};

const Split* split_called(const std::string& name) {
  for (const auto& [folder, split] : kSplitFolders)
    if (name == folder) return &split;
  return nullptr;
}

// What was passed over, counted, each kind with its first example.
class PassedOver {
 public:
  void add(const char* what, const fs::path& example) {
    auto& [count, first] = kinds_[what];
    if (count++ == 0) first = example.string();
  }
  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    for (const auto& [what, found] : kinds_)
      notes.push_back(fmt::format("{} {} passed over: {}{}", grouped(found.first), what, found.second,
                                  found.first > 1 ? " and others" : ""));
    return notes;
  }

 private:
  std::map<std::string, std::pair<int64_t, std::string>> kinds_;
};

struct Entries {
  std::vector<std::string> folders;
  std::vector<std::pair<std::string, int64_t>> files;  // names and bytes
};

// What lies in one folder, sorted.
Entries entries_of(const fs::path& folder, PassedOver& passed_over) {
  Entries entries;
  std::error_code error, unknown;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const fs::file_type type = entry->symlink_status(unknown).type();
    if (unknown) throw FileError("read", entry->path(), unknown.value());
    if (name.starts_with("."))
      passed_over.add("hidden files or folders", entry->path());
    else if (type == fs::file_type::directory)
      entries.folders.push_back(name);
    else if (type == fs::file_type::symlink)
      passed_over.add("links", entry->path());
    else if (type != fs::file_type::regular)
      passed_over.add("pipes, sockets or devices", entry->path());
    else
      entries.files.emplace_back(name, static_cast<int64_t>(entry->file_size(unknown)));
    if (unknown) throw FileError("read the size of", entry->path(), unknown.value());
  }
  if (error) throw FileError("read folder", folder, error.value());
  std::sort(entries.folders.begin(), entries.folders.end());
  std::sort(entries.files.begin(), entries.files.end());
  return entries;
}

// The names of files in a folder and below it, with their bytes, each folder's own first.
void list_below(const fs::path& folder, const std::string& prefix, PassedOver& passed_over,
                std::vector<std::pair<std::string, int64_t>>& files) {
  const Entries entries = entries_of(folder, passed_over);
  for (const auto& [name, bytes] : entries.files) files.emplace_back(prefix + name, bytes);
  for (const std::string& name : entries.folders) list_below(folder / name, prefix + name + "/", passed_over, files);
}

class ImageFinder {
 public:
  explicit ImageFinder(const fs::path& source) { found_.source = source; }

  ImageFolder find() {
    const Entries top = entries_of(found_.source, passed_over_);
    if (top.folders.empty())
      throw DataError(fmt::format("{}: no folder in it; wanted one for each class: {}/CLASS/*.png",
                                  found_.source.string(), found_.source.string()));
    for (const auto& [name, bytes] : top.files)
      passed_over_.add("files beside the classes' folders", found_.source / name);
    const auto splits = given_splits(top.folders);
    if (splits.empty())
      find_classes(found_.source, top.folders);
    else
      find_splits(splits);
    check();
    std::sort(found_.files.begin(), found_.files.end(), [](const ImageFile& a, const ImageFile& b) {
      return std::tie(a.split, a.class_number, a.name) < std::tie(b.split, b.class_number, b.name);
    });
    found_.notes = passed_over_.notes();
    return std::move(found_);
  }

 private:
  // By folder; empty: the folders are classes. A folder that is called as a split holds classes if it holds folders and
  // no files.
  std::map<std::string, Split> given_splits(const std::vector<std::string>& folders) {
    std::map<std::string, Split> splits;
    std::vector<std::string> others;
    for (const std::string& name : folders) {
      const Split* split = split_called(name);
      PassedOver ignored;
      if (split != nullptr && is_of_folders(entries_of(found_.source / name, ignored)))
        splits[name] = *split;
      else
        others.push_back(name);
    }
    if (splits.empty()) return {};
    if (!others.empty())
      throw DataError(
          fmt::format("{}: {} holds folders as a split does, {} is a class; wanted train, validation and "
                      "test with the same classes in each, or classes alone",
                      found_.source.string(), splits.begin()->first, text_of_bytes(others.front())));
    return splits;
  }
  static bool is_of_folders(const Entries& entries) { return entries.files.empty() && !entries.folders.empty(); }

  void find_splits(const std::map<std::string, Split>& splits) {
    for (const auto& [name, split] : splits) {
      std::string& folder = found_.split_folders[static_cast<size_t>(split)];
      if (!folder.empty())
        throw DataError(
            fmt::format("{}: {} and {} are the same split; put them together", found_.source.string(), folder, name));
      folder = name;
    }
    if (found_.split_folders[0].empty())
      throw DataError(fmt::format("{}: {} but no train; wanted {}/train/CLASS/*.png", found_.source.string(),
                                  splits.begin()->first, found_.source.string()));
    const fs::path train = found_.source / found_.split_folders[0];
    const std::vector<std::string> classes = entries_of(train, passed_over_).folders;
    find_classes(train, classes);
    for (const Split split : {Split::validation, Split::test})
      if (!found_.split_folders[static_cast<size_t>(split)].empty()) find_classes_of(split);
  }

  void find_classes(const fs::path& folder, const std::vector<std::string>& classes) {
    found_.class_folders = classes;
    for (size_t i = 0; i < classes.size(); ++i) add_files(folder / classes[i], Split::train, static_cast<int32_t>(i));
  }

  void find_classes_of(Split split) {
    const fs::path folder = found_.source / found_.split_folders[static_cast<size_t>(split)];
    const Entries entries = entries_of(folder, passed_over_);
    const auto& classes = found_.class_folders;
    for (const std::string& name : entries.folders) {
      const auto place = std::lower_bound(classes.begin(), classes.end(), name);
      if (place == classes.end() || *place != name)
        throw DataError(fmt::format("{}: a class that is not trained on; there are {}", (folder / name).string(),
                                    fmt::join(found_.class_names(), ", ")));
      add_files(folder / name, split, static_cast<int32_t>(place - classes.begin()));
    }
  }

  void add_files(const fs::path& folder, Split split, int32_t class_number) {
    std::vector<std::pair<std::string, int64_t>> files;
    list_below(folder, "", passed_over_, files);
    for (auto& [name, bytes] : files) found_.files.push_back({std::move(name), class_number, split, bytes});
  }

  void check() const {
    if (found_.class_folders.size() < 2)
      throw DataError(fmt::format("{}: one class only, {}; wanted a folder for each of two or more",
                                  found_.source.string(), found_.class_names().front()));
    std::set<int32_t> with_files;
    for (const ImageFile& file : found_.files)
      if (file.split == Split::train) with_files.insert(file.class_number);
    for (size_t i = 0; i < found_.class_folders.size(); ++i)
      if (!with_files.contains(static_cast<int32_t>(i)))
        throw DataError(
            fmt::format("{}: no file in it, so that there is nothing to learn the class from; put images "
                        "there, or remove the folder",
                        found_.folder_of(Split::train, static_cast<int32_t>(i)).string()));
  }

  ImageFolder found_;
  PassedOver passed_over_;
};

}  // namespace

fs::path ImageFolder::folder_of(Split split, int32_t class_number) const {
  const std::string& split_folder = split_folders[static_cast<size_t>(split)];
  const fs::path parent = split_folder.empty() ? source : source / split_folder;
  return parent / class_folders[static_cast<size_t>(class_number)];
}

fs::path ImageFolder::path_of(const ImageFile& file) const {
  return folder_of(file.split, file.class_number) / file.name;
}

std::vector<std::string> ImageFolder::class_names() const {
  std::vector<std::string> names;
  for (const std::string& folder : class_folders) names.push_back(text_of_bytes(folder));
  return names;
}

ImageFolder find_image_files(const fs::path& source) {
  if (!is_there(source)) throw DataError(fmt::format("{}: no such folder; check the path", source.string()));
  if (!is_folder(source))
    throw DataError(
        fmt::format("{}: is a file; wanted a folder with one folder of images for each class", source.string()));
  return ImageFinder(source).find();
}

FilesBelow find_files_below(const fs::path& folder) {
  PassedOver passed_over;
  std::vector<std::pair<std::string, int64_t>> files;
  list_below(folder, "", passed_over, files);
  FilesBelow found{{}, passed_over.notes()};
  for (auto& [name, bytes] : files) found.names.push_back(std::move(name));
  std::sort(found.names.begin(), found.names.end());
  return found;
}

}  // namespace convoy
