// Reference log-probabilities on disk: RUN/reference/SPLIT-KEY.safetensors holds one tensor "log_probabilities",
// (pairs, 2) f32, of the chosen and the rejected answer of each pair, in the order of their stored numbers. What they
// are of stands in its metadata, and KEY is a checksum of that: of other data, or of another model, are other files.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace convoy {

// "data", "split", "pairs", "context", "precision" and the "weights" of the reference model, by their checksum.
using ReferenceFacts = std::map<std::string, std::string>;

std::filesystem::path reference_path(const std::filesystem::path& folder, const ReferenceFacts& facts);

// Nothing: there is no such file. Throws CheckpointError, which says what to do, if it is damaged or of something else.
std::optional<std::vector<float>> read_reference(const std::filesystem::path& path, const ReferenceFacts& facts);

// Whole or not at all; the folder is made. Throws FileError.
void write_reference(const std::filesystem::path& path, const ReferenceFacts& facts, std::vector<float> values);

}  // namespace convoy
