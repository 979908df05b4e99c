#include "datasets/import_idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/block_checksums.h"
#include "datasets/class_labels.h"
#include "datasets/deal_out.h"
#include "datasets/files/data_errors.h"
#include "datasets/idx/idx_file.h"
#include "datasets/images/image_form.h"
#include "datasets/import_folder.h"
#include "datasets/import_sources.h"
#include "datasets/shards.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kIdxPieceBytes = 4 << 20;
constexpr int64_t kMostClasses = 1 << 20;

ImportRecord record_of(const ImportIdxOptions& options) {
  return {"import-idx",
          {{"classes", options.classes},
           {"validation", fmt::format("{}", options.fractions.validation)},
           {"test", fmt::format("{}", options.fractions.test)},
           {"seed", fmt::format("{}", options.seed)}},
          {}};
}

Split split_of_name(const fs::path& file) {
  const std::string name = file.filename().string();
  const auto has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  return has("t10k") || has("test") ? Split::test : has("val") ? Split::validation : Split::train;
}

// Files as they are named, and of folders what is IDX by its first bytes.
std::vector<fs::path> idx_files_of(const std::vector<fs::path>& inputs) {
  std::vector<fs::path> files;
  for (const fs::path& input : inputs) {
    if (!is_there(input)) throw DataError(fmt::format("{}: no such file or folder; check the path", input.string()));
    if (!is_folder(input)) {
      files.push_back(input);
      continue;
    }
    const size_t before = files.size();
    for (const auto& entry : fs::directory_iterator(input))
      if (entry.is_regular_file() && is_idx_file(entry.path())) files.push_back(entry.path());
    if (files.size() == before)
      throw DataError(
          fmt::format("{}: no IDX file in this folder; wanted such as train-images-idx3-ubyte and "
                      "train-labels-idx1-ubyte, also compressed (.gz)",
                      input.string()));
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
  }
  return files;
}

// The two files of a split.
struct IdxPair {
  std::optional<fs::path> samples, labels;
};

void put(std::optional<fs::path>& place, const fs::path& file, const char* what, Split split) {
  if (place)
    throw DataError(fmt::format("{} and {} are both {} of the {} split; name the files that are meant", place->string(),
                                file.string(), what, name_of(split)));
  place = file;
}

class IdxImporter {
 public:
  IdxImporter(const ImportIdxOptions& options, const ImportProgressFunction& progress)
      : options_(options), clock_(progress), files_(idx_files_of(options.inputs)), record_(record_of(options)) {
    for (const fs::path& file : files_) {
      const Split split = split_of_name(file);
      IdxPair& pair = pairs_[static_cast<size_t>(split)];
      const bool is_labels = IdxFile(file).extents().size() == 1;
      put(is_labels ? pair.labels : pair.samples, file, is_labels ? "labels" : "samples", split);
    }
    for (const Split split : kSplits) check_pair(split);
  }

  ImportResult run() {
    check_replaceable(options_.out, options_.force);
    const bool is_there = fs::exists(options_.out / kDatasetManifestName) && !options_.force;
    if (is_there) {
      hash_sources();
      DatasetManifest manifest = read_dataset_manifest(options_.out);
      open_every_shard(options_.out, manifest);
      require_same_import(options_.out, manifest, record_);
      return {true, std::move(manifest), {}, {}};
    }
    ImportFolder folder(options_.out);
    hash_sources();
    DatasetManifest manifest = write(folder.path());
    write_dataset_manifest(folder.path(), manifest);
    folder.commit();
    const auto& classes = manifest.fields[1].facts.classes;
    std::vector<std::string> notes = notes_on_classes(classes, counts_);
    return {false, std::move(manifest), {class_balance(classes, counts_)}, std::move(notes)};
  }

 private:
  const IdxPair& pair_of(Split split) const { return pairs_[static_cast<size_t>(split)]; }

  void check_pair(Split split) const {
    const IdxPair& pair = pair_of(split);
    if (pair.samples.has_value() == pair.labels.has_value()) {
      if (pair.samples || split != Split::train) return;
      throw DataError(
          fmt::format("{}: nothing to train on; files with t10k, test or val in their names are of other "
                      "splits",
                      options_.inputs.front().string()));
    }
    throw DataError(fmt::format("{}: its {} are missing; name the files of both",
                                (pair.samples ? pair.samples : pair.labels)->string(),
                                pair.samples ? "labels (a file of one dimension)" : "samples"));
  }

  void hash_sources() {
    int64_t bytes = 0;
    for (const fs::path& file : files_) bytes += static_cast<int64_t>(fs::file_size(file));
    clock_.start("reading", bytes);
    for (const fs::path& file : files_)
      record_.sources.push_back({file.filename().string(), static_cast<int64_t>(fs::file_size(file)),
                                 xxh3_64_of_file(file, [&](int64_t done) { clock_.advance(done); })});
  }

  DatasetManifest write(const fs::path& folder) {
    for (const Split split : kSplits)
      if (pair_of(split).labels) labels_[static_cast<size_t>(split)] = read_labels(*pair_of(split).labels);
    DatasetManifest manifest;
    manifest.kind = "arrays";
    manifest.fields = fields();
    if (const StoredField& x = manifest.fields[0];
        x.type == StoredType::u8 && x.shape.dims() == 3 && (x.shape[2] == 1 || x.shape[2] == 3))
      manifest.preprocessing = to_preprocessing("x", {x.shape[0], x.shape[1], x.shape[2]});
    manifest.import = record_;
    int64_t samples = 0;
    for (const auto& labels : labels_) samples += static_cast<int64_t>(labels.size());
    require_room(folder, samples * manifest.row_bytes(), "the samples");
    clock_.start("writing", samples * manifest.fields[0].row_bytes());
    RowDealer dealer(folder, manifest.fields, manifest.block_bytes);
    counts_.resize(manifest.fields[1].facts.classes.size());
    for (const Split split : kSplits)
      if (pair_of(split).samples) deal(split, manifest.fields[0], dealer);
    dealer.finish(manifest);
    return manifest;
  }

  std::vector<int32_t> read_labels(const fs::path& path) {
    IdxFile file(path);
    if (batch_dtype(file.type()) == DType::f32)
      throw DataError(fmt::format("{}: holds reals; labels are whole numbers", path.string()));
    const std::vector<std::byte> bytes = file.read(file.rows());
    file.check_end();
    std::vector<int32_t> labels(static_cast<size_t>(file.rows()));
    for (size_t i = 0; i < labels.size(); ++i) {
      if (file.type() == StoredType::u8)
        labels[i] = std::to_integer<int32_t>(bytes[i]);
      else
        std::memcpy(&labels[i], bytes.data() + i * sizeof(int32_t), sizeof(int32_t));
      if (labels[i] < 0 || labels[i] >= kMostClasses)
        throw DataError(
            fmt::format("{}: label {} of sample {}; wanted 0 to {}", path.string(), labels[i], i, kMostClasses - 1));
      if (labels[i] > largest_label_) {
        largest_label_ = labels[i];
        largest_at_ = fmt::format("{}: label {} of sample {}", path.string(), labels[i], i);
      }
    }
    return labels;
  }

  std::vector<StoredField> fields() const {
    const IdxFile train(*pair_of(Split::train).samples);
    std::vector<int64_t> shape = train.extents();
    shape.erase(shape.begin());
    if (shape.size() == 2 && train.type() == StoredType::u8) shape.push_back(1);  // a grey image's one channel
    std::vector<std::string> names = class_names();
    const auto classes = static_cast<int64_t>(names.size());
    return {{"x", train.type(), Shape(std::span<const int64_t>(shape)), {}, 0},
            {"y", StoredType::i32, {}, {.classes = std::move(names)}, classes}};
  }

  std::vector<std::string> class_names() const {
    if (largest_label_ == 0)
      throw DataError(fmt::format("{}: all labels are 0, one class only; wanted two or more",
                                  pair_of(Split::train).labels->string()));
    if (options_.classes.empty()) return numbered_classes(largest_label_ + 1);
    std::vector<std::string> names = parse_class_names(options_.classes);
    if (largest_label_ >= static_cast<int32_t>(names.size()))
      throw DataError(fmt::format("{}, but --classes names {}: 0 to {}", largest_at_, names.size(), names.size() - 1));
    return names;
  }

  // Those of a split that has its own files stay in it.
  std::vector<Split> splits_of(Split given) const {
    const auto& labels = labels_[static_cast<size_t>(given)];
    if (given != Split::train) return std::vector<Split>(labels.size(), given);
    SplitFractions fractions = options_.fractions;
    if (pair_of(Split::validation).samples) fractions.validation = 0;
    if (pair_of(Split::test).samples) fractions.test = 0;
    return split_samples(labels, fractions, static_cast<uint64_t>(options_.seed));
  }

  void deal(Split split, const StoredField& x, RowDealer& dealer) {
    IdxFile file(*pair_of(split).samples);
    const auto& labels = labels_[static_cast<size_t>(split)];
    if (file.type() != x.type || file.row_elements() != x.shape.elements())
      throw DataError(fmt::format("{}: other samples than those of {}; all want one type and shape",
                                  file.file().string(), pair_of(Split::train).samples->string()));
    if (file.rows() != static_cast<int64_t>(labels.size()))
      throw DataError(fmt::format("{} has {} samples, {} {} labels; wanted one for each", file.file().string(),
                                  file.rows(), pair_of(split).labels->string(), labels.size()));
    const std::vector<Split> splits = splits_of(split);
    count_labels(labels, splits, counts_);
    const int64_t step = std::max<int64_t>(1, kIdxPieceBytes / x.row_bytes());
    for (int64_t begin = 0; begin < file.rows(); begin += step) {
      const auto count = static_cast<size_t>(std::min(step, file.rows() - begin)), from = static_cast<size_t>(begin);
      const std::vector<std::byte> rows = file.read(static_cast<int64_t>(count));
      dealer.deal(std::array{std::span<const std::byte>(rows), std::as_bytes(std::span(labels).subspan(from, count))},
                  std::span(splits).subspan(from, count));
      clock_.advance(static_cast<int64_t>(rows.size()));
    }
    file.check_end();
  }

  const ImportIdxOptions& options_;
  ImportClock clock_;
  std::vector<fs::path> files_;
  ImportRecord record_;
  std::array<IdxPair, kSplits.size()> pairs_;                // by Split
  std::array<std::vector<int32_t>, kSplits.size()> labels_;  // by Split
  int32_t largest_label_ = 0;
  std::string largest_at_;
  std::vector<SplitCounts> counts_;  // by class
};

}  // namespace

ImportResult import_idx(const ImportIdxOptions& options, const ImportProgressFunction& progress) {
  if (options.inputs.empty()) throw DataError("no file named; name IDX files or a folder of them");
  check_fractions(options.fractions);
  return as_data_error([&] { return IdxImporter(options, progress).run(); });
}

}  // namespace convoy
