// Safetensors files (github.com/huggingface/safetensors): 8 bytes of header length, a JSON header, then the tensors.
//
// The bytes written depend on names, shapes and values alone: tensors lie by falling alignment, then by name, without
// holes; the header is padded to 8 bytes. That is the layout of the reference implementation too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/files.h"
#include "core/tensor/tensor.h"

namespace convoy {

struct NamedTensor {
  std::string name;
  Tensor tensor;            // in host memory
  bool transposed = false;  // a matrix that the file holds with rows and columns exchanged
  // Where the tensor has no memory: writes its rows [first, first + count), of the outermost extent, to `out`. Of a
  // transposed matrix all at once.
  std::function<void(int64_t first, int64_t count, void* out)> rows = {};
  Shape stored_shape() const { return transposed ? Shape{tensor.shape[1], tensor.shape[0]} : tensor.shape; }
};

struct WrittenFile {
  int64_t bytes = 0;
  std::string checksum;      // XXH3-128, in hex
  int64_t header_bytes = 0;  // that the checksum is of; 0: of the whole file
};

// A file of tensors that several write: what it begins with, and where each tensor's bytes lie.
struct SafetensorsPlan {
  std::string prefix;
  std::map<std::string, int64_t> begins;
  int64_t bytes = 0;  // of the file
};
SafetensorsPlan plan_safetensors(std::vector<NamedTensor> tensors);

// Lists the files that hold a model too large for one: {"metadata": {"total_size"}, "weight_map": {tensor: file}}.
inline constexpr const char* kWeightsIndexName = "model.safetensors.index.json";
// What it says of the tensors, each with the name of its file.
std::string weights_index(const std::vector<std::pair<std::string, std::string>>& files_of_tensors,
                          int64_t total_bytes);
// Names of the files that an index lists, each once. Throws CheckpointError, naming it.
std::vector<std::string> files_of_index(const std::filesystem::path& index);

// Creates the file, which must not exist, and fsyncs it. `metadata` stands in the header beside "format": "pt".
// Throws FileError (the unfinished file stays), InternalError for a name given twice.
WrittenFile write_safetensors(const std::filesystem::path& path, std::vector<NamedTensor> tensors,
                              std::map<std::string, std::string> metadata = {});

// Reads tensors on demand with pread: a file that shrinks meanwhile is an error, not a signal. Thread safe.
// Whatever the bytes are, it throws CheckpointError (damaged, or a dtype that Convoy does not have) or FileError.
class SafetensorsReader {
 public:
  struct Entry {
    DType dtype = DType::f32;
    Shape shape;
    int64_t begin = 0, end = 0;  // bytes of the file
    size_t file = 0;
  };

  // A file, or an index (kWeightsIndexName) of several beside it.
  explicit SafetensorsReader(const std::filesystem::path& path);

  const std::map<std::string, Entry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const Entry& entry(const std::string& name) const;  // throws CheckpointError if absent

  // Elements [begin, begin + count) as they are stored.
  void read(const Entry& entry, int64_t begin, int64_t count, void* out) const;
  // Elements [begin, begin + count) of a tensor of that shape, f32 whatever they are stored as.
  void read_range(const std::string& name, const Shape& shape, int64_t begin, int64_t count, float* out) const;
  // All of the tensor into host memory of the same shape; f32 and bf16 are converted to each other, f16 to both.
  void read(const std::string& name, const Tensor& out) const;

 private:
  template <class From, class To>
  void read_as(const Entry& stored, int64_t begin, std::span<To> out) const;
  const Entry& entry_of(const std::string& name, const Shape& shape) const;
  void add_file(const std::filesystem::path& path);

  const std::filesystem::path path_;
  std::vector<File> files_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace convoy
