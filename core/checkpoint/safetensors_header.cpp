#include "core/checkpoint/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "core/base/integers.h"
#include "core/base/json_text.h"

namespace convoy {
namespace {

using SortedJson = nlohmann::json;

constexpr std::array<std::pair<std::string_view, DType>, 6> kDTypeNames{{{"F32", DType::f32},
                                                                         {"BF16", DType::bf16},
                                                                         {"F16", DType::f16},
                                                                         {"I32", DType::i32},
                                                                         {"I64", DType::i64},
                                                                         {"U8", DType::u8}}};

std::string_view stored_name(DType dtype) {
  for (const auto& [name, candidate] : kDTypeNames)
    if (candidate == dtype) return name;
  throw InternalError(fmt::format("safetensors has no name for dtype {}", name_of(dtype)));
}

DType dtype_from(const std::string& tensor, const std::string& name) {
  for (const auto& [candidate, dtype] : kDTypeNames)
    if (candidate == name) return dtype;
  throw CheckpointError(
      fmt::format("tensor {} has dtype {}, wanted F32, BF16, F16, I32, I64 or U8: convert it with the "
                  "program that wrote it",
                  tensor, name));
}

// JSON without the hostile kinds: no name twice, no nesting beyond what the format has.
SortedJson parse_strictly(std::string_view text) {
  std::set<std::string> names;
  const auto check = [&](int depth, SortedJson::parse_event_t event, SortedJson& value) {
    if (depth > 3) throw CheckpointError("the header is nested too deeply");
    if (event == SortedJson::parse_event_t::key && depth == 1 && !names.insert(value.get<std::string>()).second)
      throw CheckpointError(fmt::format("the header names tensor {} twice", value.get<std::string>()));
    return true;
  };
  SortedJson json = SortedJson::parse(text.begin(), text.end(), check, false);
  if (json.is_discarded() || !json.is_object()) throw CheckpointError("the header is no JSON object");
  return json;
}

Shape shape_from(const std::string& tensor, const SortedJson& extents) {
  if (!extents.is_array() || extents.size() > static_cast<size_t>(Shape::kMaxDims))
    throw CheckpointError(fmt::format("tensor {} has no shape of at most {} extents", tensor, int{Shape::kMaxDims}));
  std::vector<int64_t> values;
  int64_t product = 8;  // bytes of the largest element: below, extents times element size stays an int64_t
  for (const SortedJson& extent : extents) {
    const bool fits = extent.is_number_unsigned() && extent.get<uint64_t>() <= uint64_t{INT64_MAX};
    if (!fits) throw CheckpointError(fmt::format("tensor {} has extent {}", tensor, json_text(extent)));
    values.push_back(extent.get<int64_t>());
    if (__builtin_mul_overflow(product, std::max<int64_t>(values.back(), 1), &product))
      throw CheckpointError(fmt::format("tensor {} has more elements than memory can hold", tensor));
  }
  return Shape(std::span<const int64_t>(values));
}

std::pair<int64_t, int64_t> offsets_from(const std::string& tensor, const SortedJson& offsets) {
  const bool good = offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() &&
                    offsets[1].is_number_unsigned() && offsets[0].get<uint64_t>() <= offsets[1].get<uint64_t>() &&
                    offsets[1].get<uint64_t>() <= uint64_t{INT64_MAX};
  if (!good) throw CheckpointError(fmt::format("tensor {} has no data_offsets [begin, end]", tensor));
  return {offsets[0].get<int64_t>(), offsets[1].get<int64_t>()};
}

SafetensorsReader::Entry entry_from(const std::string& name, const SortedJson& json) {
  if (!json.is_object() || !json.contains("dtype") || !json.contains("shape") || !json.contains("data_offsets") ||
      !json["dtype"].is_string())
    throw CheckpointError(fmt::format("tensor {} lacks dtype, shape or data_offsets", name));
  SafetensorsReader::Entry entry;
  entry.dtype = dtype_from(name, json["dtype"].get<std::string>());
  entry.shape = shape_from(name, json["shape"]);
  std::tie(entry.begin, entry.end) = offsets_from(name, json["data_offsets"]);
  const int64_t wanted = entry.shape.elements() * static_cast<int64_t>(size_of(entry.dtype));
  if (entry.end - entry.begin != wanted)
    throw CheckpointError(fmt::format("tensor {} has {} bytes, but {} of shape {} needs {}", name,
                                      entry.end - entry.begin, name_of(entry.dtype), to_string(entry.shape), wanted));
  return entry;
}

}  // namespace

std::string safetensors_header(const std::vector<NamedTensor>& tensors,
                               const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  int64_t offset = 0;
  for (const NamedTensor& named : tensors) {
    const auto bytes = static_cast<int64_t>(named.tensor.bytes());
    const Shape shape = named.stored_shape();
    if (header.contains(named.name)) throw InternalError(fmt::format("tensor {} is to be written twice", named.name));
    header[named.name] = {{"dtype", stored_name(named.tensor.dtype)},
                          {"shape", std::vector<int64_t>(shape.begin(), shape.end())},
                          {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = json_text(header);
  text.resize(round_up(text.size(), size_t{8}), ' ');
  return text;
}

SafetensorsHeader parse_safetensors_header(std::string_view text) {
  SafetensorsHeader header;
  const SortedJson json = parse_strictly(text);
  for (const auto& [name, value] : json.items()) {
    if (name != "__metadata__") {
      header.entries.emplace(name, entry_from(name, value));
      continue;
    }
    if (!value.is_object()) throw CheckpointError("__metadata__ is no JSON object");
    for (const auto& [key, text_value] : value.items()) {
      if (!text_value.is_string()) throw CheckpointError(fmt::format("__metadata__ has {}, which is no text", key));
      header.metadata.emplace(key, text_value.get<std::string>());
    }
  }
  return header;
}

std::string weights_index(const std::vector<std::pair<std::string, std::string>>& files_of_tensors,
                          int64_t total_bytes) {
  nlohmann::ordered_json json = {{"metadata", {{"total_size", total_bytes}}}};
  json["weight_map"] = nlohmann::ordered_json::object();
  for (const auto& [tensor, file] : files_of_tensors) json["weight_map"][tensor] = file;
  return json_text(json, 2) + "\n";
}

std::vector<std::string> files_of_index(const std::filesystem::path& index) {
  const SortedJson json = SortedJson::parse(read_file(index), nullptr, false);
  const auto bad = [&](const char* what) {
    return CheckpointError(
        fmt::format("{} {}: it is damaged; use another checkpoint or copy it again", index.string(), what));
  };
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    throw bad("has no weight_map");
  std::set<std::string> files;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    if (!file.is_string()) throw bad("names no file of a tensor");
    const auto name = file.get<std::string>();
    if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos) throw bad("names a file elsewhere");
    files.insert(name);
  }
  if (files.empty()) throw bad("names no files");
  return {files.begin(), files.end()};
}

}  // namespace convoy
