#include "launcher/train/reference_file.h"

#include <fmt/format.h>

#include <span>

#include "core/base/checksum.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/checkpoint/safetensors.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

constexpr const char *kTensor = "log_probabilities", *kChecksum = "checksum";

std::string text_of(const ReferenceFacts& facts) {
  std::string text;
  for (const auto& [name, value] : facts) text += fmt::format("{} {}\n", name, value);
  return text;
}

std::string checksum_of_values(const std::vector<float>& values) {
  return checksum_of(std::as_bytes(std::span(values)));
}

[[noreturn]] void refuse(const fs::path& path, const std::string& found) {
  throw CheckpointError(fmt::format("{}: {}; delete the file, and the reference log-probabilities are computed again",
                                    path.string(), found));
}

void check_facts(const fs::path& path, const ReferenceFacts& found, const ReferenceFacts& wanted) {
  for (const auto& [name, value] : wanted) {
    const auto there = found.find(name);
    if (there == found.end() || there->second != value)
      refuse(path, fmt::format("reference log-probabilities of {} {}, wanted {}", name,
                               there == found.end() ? "nothing known" : there->second, value));
  }
}

std::vector<float> read_values(const fs::path& path, const SafetensorsReader& reader) {
  const SafetensorsReader::Entry& entry = reader.entry(kTensor);
  std::vector<float> values(static_cast<size_t>(entry.shape.elements()));
  reader.read(kTensor, {values.data(), DType::f32, entry.shape});
  const auto checksum = reader.metadata().find(kChecksum);
  if (checksum == reader.metadata().end() || checksum->second != checksum_of_values(values))
    refuse(path, "damaged: its numbers have another checksum than it says");
  return values;
}

}  // namespace

fs::path reference_path(const fs::path& folder, const ReferenceFacts& facts) {
  return folder / fmt::format("{}-{}.safetensors", facts.at("split"), checksum_of(text_of(facts)).substr(0, 16));
}

std::optional<std::vector<float>> read_reference(const fs::path& path, const ReferenceFacts& facts) {
  return file_errors_as<CheckpointError>([&]() -> std::optional<std::vector<float>> {
    if (!is_there(path)) return std::nullopt;
    std::optional<SafetensorsReader> reader;
    try {
      reader.emplace(path);
    } catch (const CheckpointError& error) {
      refuse(path, fmt::format("damaged: {}", error.what()));
    }
    check_facts(path, reader->metadata(), facts);
    std::vector<float> values = read_values(path, *reader);
    if (fmt::format("{}", values.size() / 2) != facts.at("pairs"))
      refuse(path, fmt::format("damaged: {} numbers for {} pairs", values.size(), facts.at("pairs")));
    return values;
  });
}

void write_reference(const fs::path& path, const ReferenceFacts& facts, std::vector<float> values) {
  make_folder(path.parent_path());
  const fs::path unfinished = path.string() + ".unfinished";
  std::error_code ignored;
  fs::remove(unfinished, ignored);
  ReferenceFacts metadata = facts;
  metadata[kChecksum] = checksum_of_values(values);
  const Tensor tensor{values.data(), DType::f32, {static_cast<int64_t>(values.size() / 2), 2}};
  write_safetensors(unfinished, {{kTensor, tensor}}, metadata);
  rename_path(unfinished, path);
  sync_folder(path.parent_path());
}

}  // namespace convoy
