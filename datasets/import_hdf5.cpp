#include "datasets/import_hdf5.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/nearest_name.h"
#include "datasets/block_checksums.h"
#include "datasets/class_labels.h"
#include "datasets/deal_out.h"
#include "datasets/files/data_errors.h"
#include "datasets/hdf5/field_plans.h"
#include "datasets/hdf5/field_source.h"
#include "datasets/hdf5/label_source.h"
#include "datasets/hdf5/source_file.h"
#include "datasets/hdf5_rows.h"
#include "datasets/import_folder.h"
#include "datasets/import_sources.h"
#include "datasets/shards.h"

namespace convoy {
namespace {

ImportRecord record_of(const ImportHdf5Options& options) {
  return {"import-hdf5",
          {{"x", options.x},
           {"y", options.y},
           {"validation_x", options.validation_x},
           {"validation_y", options.validation_y},
           {"test_x", options.test_x},
           {"test_y", options.test_y},
           {"fields", fmt::format("{}", fmt::join(options.fields, " "))},
           {"classes", options.classes},
           {"numbers", options.numbers},
           {"validation", fmt::format("{}", options.fractions.validation)},
           {"test", fmt::format("{}", options.fractions.test)},
           {"seed", fmt::format("{}", options.seed)}},
          {}};
}

class Hdf5Importer {
 public:
  Hdf5Importer(const ImportHdf5Options& options, const ImportProgressFunction& progress)
      : options_(options),
        clock_(progress),
        classes_(hdf5::wanted_classes(options)),
        plans_(hdf5::field_plans(options)),
        file_(options.inputs.front()),
        record_(record_of(options)) {
    for (hdf5::FieldPlan& plan : plans_) open(plan);
    for (const Split split : kSplits)
      if (is_given(split)) check_rows(split);
    check_options();
  }

  ImportResult run() {
    check_replaceable(options_.out, options_.force);
    if (std::filesystem::exists(options_.out / kDatasetManifestName) && !options_.force) {
      hash_source();
      DatasetManifest manifest = read_dataset_manifest(options_.out);
      open_every_shard(options_.out, manifest);
      require_same_import(options_.out, manifest, record_);
      return {true, std::move(manifest), {}, {}};
    }
    ImportFolder folder(options_.out);
    hash_source();
    DatasetManifest manifest = write(folder.path());
    write_dataset_manifest(folder.path(), manifest);
    folder.commit();
    std::vector<std::string> summary;
    if (has_labels()) {
      const auto& names = label_plan()->stored.facts.classes;
      summary.push_back(class_balance(names, counts_));
      for (std::string& note : notes_on_classes(names, counts_)) notes_.push_back(std::move(note));
    }
    return {false, std::move(manifest), std::move(summary), std::move(notes_)};
  }

 private:
  bool is_given(Split split) const { return !plans_.front().paths[static_cast<size_t>(split)].empty(); }
  bool has_labels() const { return classes_.any; }
  hdf5::FieldPlan* label_plan() {
    const auto found = std::find_if(plans_.begin(), plans_.end(),
                                    [](const hdf5::FieldPlan& plan) { return plan.name == hdf5::kLabelField; });
    return found == plans_.end() ? nullptr : &*found;
  }
  bool is_label(const hdf5::FieldPlan& plan) const { return has_labels() && plan.name == hdf5::kLabelField; }
  std::string shown(const hdf5::FieldPlan& plan, Split split) const {
    return fmt::format("{}: {}", options_.inputs.front().string(), plan.paths[static_cast<size_t>(split)]);
  }

  void open(hdf5::FieldPlan& plan) {
    for (const Split split : kSplits) {
      const auto i = static_cast<size_t>(split);
      if (!plan.paths[i].empty()) plan.arrays[i] = file_.open(plan.paths[i]);
    }
    plan.stored = {plan.name,
                   is_label(plan) ? StoredType::i32 : type_of(plan),
                   is_label(plan) ? Shape{} : hdf5::sample_shape(plan.train()),
                   {},
                   0};
    for (const Split split : kSplits)
      if (const auto& array = plan.arrays[static_cast<size_t>(split)];
          array && !is_label(plan) &&
          (hdf5::sample_shape(*array) != plan.stored.shape || array->kind() != plan.train().kind()))
        throw DataError(fmt::format("{} has samples of another shape or type than {}; wanted the same in all splits",
                                    shown(plan, split), plan.paths[0]));
  }

  StoredType type_of(const hdf5::FieldPlan& plan) {
    const std::vector<std::string> numbers = hdf5::parts_of(options_.numbers);
    const bool as_numbers = std::find(numbers.begin(), numbers.end(), plan.name) != numbers.end();
    const std::string& type = plan.train().type();
    if (plan.train().kind() == hdf5::NumberKind::real || type == "bool" || as_numbers) return StoredType::f32;
    if (plan.name == hdf5::kLabelField) {
      notes_.push_back(
          fmt::format("{} holds whole numbers ({}) and is imported as numbers; if they are classes, say "
                      "--classes auto, or how many there are",
                      plan.paths[0], type));
      return StoredType::f32;
    }
    if (type == "uint8") return StoredType::u8;
    notes_.push_back(
        fmt::format("{} holds whole numbers ({}), which layers take for categories; --numbers {} imports "
                    "them as numbers",
                    plan.paths[0], type, plan.name));
    return StoredType::i32;
  }

  void check_rows(Split split) const {
    const auto i = static_cast<size_t>(split);
    const int64_t rows = plans_.front().arrays[i]->rows();
    for (const hdf5::FieldPlan& plan : plans_)
      if (plan.arrays[i]->rows() != rows)
        throw DataError(fmt::format("{}: {} has {} samples, {} has {}; wanted one of each for every sample",
                                    options_.inputs.front().string(), plans_.front().paths[i], rows, plan.paths[i],
                                    plan.arrays[i]->rows()));
  }

  void check_options() {
    if (classes_.any && label_plan() == nullptr)
      throw ConfigError("--classes without labels; name their dataset with --y");
    std::vector<std::string> names;
    for (const hdf5::FieldPlan& plan : plans_) names.push_back(plan.name);
    for (const std::string& name : hdf5::parts_of(options_.numbers))
      if (std::find(names.begin(), names.end(), name) == names.end())
        throw ConfigError(fmt::format("--numbers {}: no field has this name{}; there are {}", name,
                                      did_you_mean(name, names), fmt::join(names, ", ")));
  }

  void hash_source() {
    const std::filesystem::path& file = options_.inputs.front();
    const auto bytes = static_cast<int64_t>(std::filesystem::file_size(file));
    clock_.start("reading", bytes);
    record_.sources.push_back(
        {file.filename().string(), bytes, xxh3_64_of_file(file, [&](int64_t done) { clock_.advance(done); })});
  }

  DatasetManifest write(const std::filesystem::path& folder) {
    if (has_labels()) read_all_labels();
    DatasetManifest manifest;
    manifest.kind = "arrays";
    std::vector<Hdf5Field> inputs;
    for (const hdf5::FieldPlan& plan : plans_) {
      manifest.fields.push_back(plan.stored);
      if (plan.name != hdf5::kLabelField) inputs.push_back({plan.name, plan.paths[0]});
    }
    manifest.preprocessing = to_preprocessing(inputs);
    manifest.import = record_;
    int64_t rows = 0;
    for (const Split split : kSplits)
      rows += is_given(split) ? plans_.front().arrays[static_cast<size_t>(split)]->rows() : 0;
    require_room(folder, rows * manifest.row_bytes(), "the samples");
    clock_.start("writing", rows * manifest.row_bytes());
    RowDealer dealer(folder, manifest.fields, manifest.block_bytes);
    for (const Split split : kSplits)
      if (is_given(split)) deal(split, manifest.row_bytes(), dealer);
    dealer.finish(manifest);
    return manifest;
  }

  void read_all_labels() {
    hdf5::FieldPlan& plan = *label_plan();
    int32_t largest = 0;
    for (const Split split : kSplits) {
      const auto i = static_cast<size_t>(split);
      if (!is_given(split)) continue;
      labels_[i] = hdf5::read_labels(*plan.arrays[i], shown(plan, split), classes_.count);
      largest = std::max(largest, *std::max_element(labels_[i].begin(), labels_[i].end()));
    }
    if (largest == 0)
      throw DataError(
          fmt::format("{}: all labels are 0, one class only; wanted two or more", shown(plan, Split::train)));
    plan.stored.facts.classes =
        !classes_.names.empty() ? classes_.names : numbered_classes(std::max<int64_t>(classes_.count, largest + 1));
    plan.stored.limit = static_cast<int64_t>(plan.stored.facts.classes.size());
    counts_.resize(plan.stored.facts.classes.size());
  }

  std::vector<Split> splits_of(Split given, int64_t rows) const {
    if (given != Split::train) return std::vector<Split>(static_cast<size_t>(rows), given);
    SplitFractions fractions = options_.fractions;
    if (is_given(Split::validation)) fractions.validation = 0;
    if (is_given(Split::test)) fractions.test = 0;
    const std::vector<int32_t> one_class(has_labels() ? 0 : static_cast<size_t>(rows), 0);
    return split_samples(has_labels() ? labels_[0] : one_class, fractions, static_cast<uint64_t>(options_.seed));
  }

  void deal(Split split, int64_t row_bytes, RowDealer& dealer) {
    const auto index = static_cast<size_t>(split);
    const int64_t rows = plans_.front().arrays[index]->rows();
    const std::vector<Split> splits = splits_of(split, rows);
    if (has_labels()) count_labels(labels_[index], splits, counts_);
    std::vector<std::unique_ptr<hdf5::FieldSource>> sources;  // null: the labels
    for (const hdf5::FieldPlan& plan : plans_)
      sources.push_back(
          is_label(plan) ? nullptr
                         : std::make_unique<hdf5::FieldSource>(*plan.arrays[index], shown(plan, split), plan.stored));
    for (int64_t begin = 0, count = 0; begin < rows; begin += count) {
      count = rows - begin;
      for (const auto& source : sources)
        if (source) count = std::min(count, source->rows_at_once(begin));
      const auto from = static_cast<size_t>(begin), length = static_cast<size_t>(count);
      std::vector<std::span<const std::byte>> parts;
      for (const auto& source : sources)
        parts.push_back(source ? source->read(begin, count)
                               : std::as_bytes(std::span<const int32_t>(labels_[index]).subspan(from, length)));
      dealer.deal(parts, std::span(splits).subspan(from, length));
      clock_.advance(count * row_bytes);
    }
  }

  const ImportHdf5Options& options_;
  ImportClock clock_;
  hdf5::WantedClasses classes_;
  std::vector<hdf5::FieldPlan> plans_;
  hdf5::SourceFile file_;
  ImportRecord record_;
  std::vector<std::string> notes_;
  std::array<std::vector<int32_t>, kSplits.size()> labels_;  // by Split
  std::vector<SplitCounts> counts_;                          // by class
};

}  // namespace

ImportResult import_hdf5(const ImportHdf5Options& options, const ImportProgressFunction& progress) {
  if (options.inputs.size() != 1)
    throw ConfigError(fmt::format("{} files named; wanted one HDF5 file", options.inputs.size()));
  check_fractions(options.fractions);
  return as_data_error([&] { return Hdf5Importer(options, progress).run(); });
}

}  // namespace convoy
