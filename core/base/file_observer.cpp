#include "core/base/file_observer.h"

namespace convoy {
namespace {

thread_local FileObserver* observer_of_thread = nullptr;

}  // namespace

FileObserver* file_observer() { return observer_of_thread; }

ObservedFiles::ObservedFiles(FileObserver* observer) : before_(observer_of_thread) { observer_of_thread = observer; }
ObservedFiles::~ObservedFiles() { observer_of_thread = before_; }

void FileCounter::before(FileOperation what, const std::filesystem::path&, size_t bytes) {
  counts_[static_cast<size_t>(what)] += 1;
  bytes_[static_cast<size_t>(what)] += static_cast<int64_t>(bytes);
}

int64_t FileCounter::metadata() const {
  int64_t sum = 0;
  for (size_t i = 0; i < kFileOperations; ++i)
    if (i != static_cast<size_t>(FileOperation::read) && i != static_cast<size_t>(FileOperation::write))
      sum += counts_[i];
  return sum;
}

}  // namespace convoy
