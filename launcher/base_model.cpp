#include "launcher/base_model.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/json_text.h"
#include "core/checkpoint/manifest.h"
#include "core/checkpoint/open_together.h"
#include "core/comm/work_together.h"
#include "launcher/trained_model.h"

namespace convoy {
namespace {

struct BaseRecord {
  std::string folder, weights;
};

// Those that are computed with.
std::string weights_checksum(const CheckpointReader& base) {
  return base.has_average() ? base.average_checksum() : base.weights_checksum();
}

BaseRecord parse_record(const std::string& text) {
  try {
    const nlohmann::json json = parse_json(text);
    return {json.at("folder").get<std::string>(), json.at("weights").get<std::string>()};
  } catch (const nlohmann::json::exception& error) {
    throw CheckpointError(
        fmt::format("what the checkpoint says of its base is damaged: {}; use another checkpoint", error.what()));
  }
}

bool is_model(const std::filesystem::path& folder) { return is_there(folder / kManifestName); }

std::filesystem::path find_base(const std::string& from, const BaseRecord& record, const BaseWords& words) {
  const bool here = file_errors_as<CheckpointError>([&] { return is_there(from); });
  if (here || record.folder.empty()) return checkpoint_of(from);
  if (file_errors_as<CheckpointError>([&] { return is_model(record.folder); })) return record.folder;
  throw CheckpointError(
      fmt::format("{} is neither in {} nor in {}, where it was; put it there again, or name the folder that it is in "
                  "with model.from=FOLDER",
                  words.model, from, record.folder));
}

}  // namespace

std::string base_record(const CheckpointReader& base) {
  const nlohmann::ordered_json json = {{"folder", std::filesystem::absolute(base.folder()).lexically_normal().string()},
                                       {"weights", weights_checksum(base)}};
  return json_text(json) + "\n";
}

std::string base_record_of(const CheckpointReader* run) {
  return run != nullptr && run->has_file(kBaseFile) ? run->file(kBaseFile) : std::string();
}

std::string weights_in(const std::string& record) { return parse_record(record).weights; }

namespace {

void check_record(const CheckpointReader& base, const BaseRecord& wanted, const BaseWords& words) {
  if (const std::string found = weights_checksum(base); found != wanted.weights)
    throw CheckpointError(
        fmt::format("{} weights of the checksum {}, those in {} have {}: {}; name the model that it began with in "
                    "model.from (it lay in {})",
                    words.bound, wanted.weights, base.folder().string(), found, words.otherwise, wanted.folder));
}

// Collective. find: rank 0's part.
std::unique_ptr<CheckpointReader> open_found(Communicator& ranks, const Config& config,
                                             const std::function<std::filesystem::path()>& find) {
  const auto limit_s = static_cast<double>(config.checkpoint.timeout_s);
  std::filesystem::path folder;
  work_together(ranks, {fmt::format("looking for {}", config.model.from), limit_s, {}}, [&] {
    if (ranks.rank() == 0) folder = find();
  });
  return open_together(ranks, folder, true, limit_s);
}

}  // namespace

std::unique_ptr<CheckpointReader> open_base(const Config& config, const std::string& record, bool verify,
                                            const BaseWords& words) {
  const BaseRecord wanted = record.empty() ? BaseRecord{} : parse_record(record);
  auto base = std::make_unique<CheckpointReader>(find_base(config.model.from, wanted, words), verify);
  if (!record.empty()) check_record(*base, wanted, words);
  return base;
}

std::unique_ptr<CheckpointReader> open_base_together(Communicator& ranks, const Config& config,
                                                     const std::string& record, const BaseWords& words) {
  const BaseRecord wanted = record.empty() ? BaseRecord{} : parse_record(record);
  auto base = open_found(ranks, config, [&] { return find_base(config.model.from, wanted, words); });
  if (!record.empty()) check_record(*base, wanted, words);
  return base;
}

std::unique_ptr<CheckpointReader> open_model_together(Communicator& ranks, const Config& config) {
  return open_found(ranks, config, [&] { return checkpoint_of(config.model.from); });
}

}  // namespace convoy
