// Who is told of what this process asks of file systems, through core/base/files: tests that count operations, or that
// stand in for a slow disk. Nobody, unless somebody is set.
//
// An observer is of a thread: ranks that are threads of one process are told apart. Whoever starts a thread that works
// for the same rank hands its own observer on.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace convoy {

// list: of a folder's entries, opened as files are. read, write: calls with so many bytes.
enum class FileOperation { open, stat, list, make_folder, rename, remove, sync, read, write };
inline constexpr size_t kFileOperations = 9;

class FileObserver {
 public:
  virtual ~FileObserver() = default;
  // Before it is done, from the thread that does it.
  virtual void before(FileOperation what, const std::filesystem::path& path, size_t bytes) = 0;
};

// This thread's; null: none.
FileObserver* file_observer();

// While it lives, this thread's is the one given; then again what it was.
class ObservedFiles {
 public:
  explicit ObservedFiles(FileObserver* observer);
  ~ObservedFiles();
  ObservedFiles(const ObservedFiles&) = delete;
  ObservedFiles& operator=(const ObservedFiles&) = delete;

 private:
  FileObserver* const before_;
};

// Counts, for any number of threads.
class FileCounter final : public FileObserver {
 public:
  void before(FileOperation what, const std::filesystem::path& path, size_t bytes) override;
  int64_t count(FileOperation what) const { return counts_[static_cast<size_t>(what)]; }
  int64_t bytes(FileOperation what) const { return bytes_[static_cast<size_t>(what)]; }
  // All that a file system's server of metadata has to answer: everything but reads and writes.
  int64_t metadata() const;

 private:
  std::array<std::atomic<int64_t>, kFileOperations> counts_{}, bytes_{};
};

}  // namespace convoy
