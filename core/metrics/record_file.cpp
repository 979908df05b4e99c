#include "core/metrics/record_file.h"

#include "core/base/logging.h"

namespace convoy {

RecordFile::RecordFile(const std::filesystem::path& path) : file_(File::append(path)), bytes_(file_.bytes()) {}

void RecordFile::append(std::string_view record) {
  try {
    if (lost_ > 0) file_.truncate(bytes_);  // what a failed write left
    file_.write(record);
  } catch (const FileError& error) {
    if (lost_++ == 0) logging::warn("metrics are being lost: {}", error.what());
    return;
  }
  bytes_ += static_cast<int64_t>(record.size());
  if (lost_ > 0) logging::warn("{} is written again; {} records are missing", file_.path().string(), lost_);
  lost_ = 0;
}

void RecordFile::cut(int64_t bytes) {
  file_.truncate(bytes);
  bytes_ = bytes;
}

}  // namespace convoy
