// Files that exist whole or not at all, and errors that say which file, what the system said and what to do.
//
// Everything here throws FileError. Code that knows more (a checkpoint, a dataset) catches it and throws its own class.
// What is done is told to the thread's observer (core/base/file_observer.h), if it has one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace convoy {

class FileError : public Error {
 public:
  // "cannot ACTION PATH: TEXT OF ERRNO; REMEDY". The action is a verb phrase: "write", "rename".
  FileError(std::string_view action, const std::filesystem::path& path, int error_number);
  int error_number() const { return error_number_; }  // errno

 private:
  int error_number_;
};

// action(), with FileError turned into E, an error of the house that knows whose fault it is.
template <class E, class Action>
auto file_errors_as(Action&& action) -> decltype(action()) {
  try {
    return action();
  } catch (const FileError& error) {
    throw E(error.what());
  }
}

// An open file. The destructor closes it and logs what goes wrong; a writer calls sync() and close() to be told.
class File {
 public:
  static File open(const std::filesystem::path& path);    // for reading; must be a regular file
  static File create(const std::filesystem::path& path);  // for writing; fails if there is one already
  static File append(const std::filesystem::path& path);  // for writing at the end; made if missing
  static File change(const std::filesystem::path& path);  // for writing at places of what is there
  File(File&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&&) = delete;
  ~File();

  const std::filesystem::path& path() const { return path_; }
  int64_t bytes() const;
  void write(std::span<const std::byte> data);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // At the file's byte `offset`; what lies between its end and there reads as zeros. Any thread may call.
  void write_at(int64_t offset, std::span<const std::byte> data);
  // Fills all of `out` from the file's byte `offset` on; an earlier end of the file is an error. Any thread may call.
  void read(int64_t offset, std::span<std::byte> out) const;
  void truncate(int64_t bytes);
  void sync();  // to stable storage
  void close();

 private:
  File(std::filesystem::path path, int flags);
  std::filesystem::path path_;
  int descriptor_;
};

// Whether something, or a folder, lies at the path. What may not be looked at is a FileError: a folder without
// permission is not an absent one, and std::filesystem's own functions throw errors without a remedy there.
bool is_there(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

// Of a file that need not be opened. Throws like File::open if it is no regular file.
int64_t bytes_of_file(const std::filesystem::path& path);

// Paths of all that lies in a folder; nothing if there is none.
std::vector<std::filesystem::path> entries_of_folder(const std::filesystem::path& folder);

std::string read_file(const std::filesystem::path& path);

// Writes a temporary file beside `path`, fsyncs it, renames it to `path` and fsyncs the folder: readers see the old
// content or the new one, also after a power cut. The temporary file is removed if anything fails.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);
// Makes a file of this name, with its content on the disk, and removes it. Throws FileError.
void try_writing(const std::filesystem::path& path, std::string_view content);

// With its parents; it may exist already.
void make_folder(const std::filesystem::path& folder);

// Makes names in the folder (new files, renames) durable.
void sync_folder(const std::filesystem::path& folder);

// Over an existing file or an empty folder, as rename(2); without fsync.
void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);

// A file or a folder with all that is in it; it may be gone already.
void remove_path(const std::filesystem::path& path);

}  // namespace convoy
