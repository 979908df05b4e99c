#include "datasets/gguf/gguf_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "datasets/gguf/gguf_reader.h"

namespace convoy {
namespace {

std::optional<int64_t> integer_of(const GgufValue* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<int64_t>(value)) return *number;
  if (const auto* number = std::get_if<uint64_t>(value); number != nullptr && *number <= uint64_t{INT64_MAX})
    return static_cast<int64_t>(*number);
  return std::nullopt;
}

}  // namespace

GgufFile::GgufFile(const std::filesystem::path& path) : path_(path), file_(path) {
  try {
    std::tie(values_, tensors_) = parse_gguf(file_.bytes());
  } catch (const std::runtime_error& error) {
    refuse(error.what());
  }
}

void GgufFile::refuse(const std::string& what) const {
  throw CheckpointError(readable(
      fmt::format("{} is no good GGUF file: {}; download it again, or take another one", path_.string(), what)));
}

const GgufTensor* GgufFile::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors_, name, &GgufTensor::name);
  return found == tensors_.end() ? nullptr : &*found;
}

const GgufValue* GgufFile::value(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

const GgufValue& GgufFile::wanted(const std::string& key, const char* kind) const {
  const GgufValue* found = value(key);
  if (found == nullptr) refuse(fmt::format("it has no value {}, wanted {}", key, kind));
  return *found;
}

std::string_view GgufFile::text(const std::string& key) const {
  wanted(key, "a text");
  const auto text = find_text(key);
  if (!text) refuse(fmt::format("its value {} is no text", key));
  return *text;
}

int64_t GgufFile::integer(const std::string& key) const {
  wanted(key, "a whole number");
  const auto integer = find_integer(key);
  if (!integer) refuse(fmt::format("its value {} is no whole number", key));
  return *integer;
}

double GgufFile::number(const std::string& key) const {
  wanted(key, "a number");
  const auto number = find_number(key);
  if (!number) refuse(fmt::format("its value {} is no number", key));
  return *number;
}

const std::vector<std::string_view>& GgufFile::texts(const std::string& key) const {
  const auto* texts = std::get_if<std::vector<std::string_view>>(&wanted(key, "a list of texts"));
  if (texts == nullptr) refuse(fmt::format("its value {} is no list of texts", key));
  return *texts;
}

std::optional<std::string_view> GgufFile::find_text(const std::string& key) const {
  const auto* text = value(key) == nullptr ? nullptr : std::get_if<std::string_view>(value(key));
  return text == nullptr ? std::nullopt : std::optional(*text);
}

std::optional<int64_t> GgufFile::find_integer(const std::string& key) const { return integer_of(value(key)); }

std::optional<double> GgufFile::find_number(const std::string& key) const {
  const GgufValue* found = value(key);
  if (const auto integer = integer_of(found)) return static_cast<double>(*integer);
  const auto* number = found == nullptr ? nullptr : std::get_if<double>(found);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<bool> GgufFile::find_flag(const std::string& key) const {
  const auto* flag = value(key) == nullptr ? nullptr : std::get_if<bool>(value(key));
  return flag == nullptr ? std::nullopt : std::optional(*flag);
}

std::vector<int64_t> GgufFile::find_integers(const std::string& key) const {
  const auto* numbers = value(key) == nullptr ? nullptr : std::get_if<std::vector<int64_t>>(value(key));
  return numbers == nullptr ? std::vector<int64_t>() : *numbers;
}

void GgufFile::read_rows(const GgufTensor& tensor, int64_t first, int64_t count, float* out) const {
  if (tensor.type->read == nullptr)
    refuse(fmt::format("tensor {} is of type {}, wanted {}", tensor.name, tensor.type->name, readable_block_types()));
  const int64_t blocks = tensor.columns() / tensor.type->elements;
  const std::byte* data = file_.bytes().data() + tensor.begin;
  tensor.type->read(data + static_cast<size_t>(first * blocks) * tensor.type->bytes, count * blocks, out);
}

}  // namespace convoy
