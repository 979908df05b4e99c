// GGUF files, versions 2 and 3, little-endian (github.com/ggml-org/ggml, docs/gguf.md): named values, then tensors.
//
// The file is mapped: nothing of it is copied until a tensor's numbers are asked for. Whatever the bytes are, reading
// throws CheckpointError that names the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/tensor/shape.h"
#include "datasets/files/mapped_file.h"
#include "datasets/gguf/block_type.h"

namespace convoy {

// Numbers of all widths are widened; texts are views of the file.
using GgufValue = std::variant<bool, int64_t, uint64_t, double, std::string_view, std::vector<std::string_view>,
                               std::vector<int64_t>, std::vector<double>>;

struct GgufTensor {
  std::string name;
  Shape shape;  // as elsewhere: rows first (the file has the extents the other way round)
  const BlockType* type = nullptr;
  int64_t begin = 0;  // byte of the file

  int64_t rows() const { return columns() == 0 ? 0 : shape.elements() / columns(); }
  int64_t columns() const { return shape.dims() == 0 ? 1 : shape[-1]; }
};

class GgufFile {
 public:
  // Throws FileError as well.
  explicit GgufFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, GgufValue>& values() const { return values_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }  // in the file's order
  const GgufTensor* find(std::string_view name) const;                 // null: there is none

  // Of values: what is there, or an error that says what was wanted; of optional ones, absent.
  std::string_view text(const std::string& key) const;
  int64_t integer(const std::string& key) const;
  double number(const std::string& key) const;
  const std::vector<std::string_view>& texts(const std::string& key) const;
  std::optional<std::string_view> find_text(const std::string& key) const;
  std::optional<int64_t> find_integer(const std::string& key) const;
  std::optional<double> find_number(const std::string& key) const;
  std::optional<bool> find_flag(const std::string& key) const;
  std::vector<int64_t> find_integers(const std::string& key) const;

  // `count` rows from `first` on, as floats.
  void read_rows(const GgufTensor& tensor, int64_t first, int64_t count, float* out) const;

  [[noreturn]] void refuse(const std::string& what) const;

 private:
  const GgufValue* value(const std::string& key) const;
  const GgufValue& wanted(const std::string& key, const char* kind) const;

  std::filesystem::path path_;
  MappedFile file_;
  std::map<std::string, GgufValue> values_;
  std::vector<GgufTensor> tensors_;
};

}  // namespace convoy
