#include "datasets/import_images.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <span>
#include <utility>

#include "core/base/error.h"
#include "datasets/array_shard_writer.h"
#include "datasets/block_checksums.h"
#include "datasets/files/data_errors.h"
#include "datasets/grouped_number.h"
#include "datasets/images/image_folder.h"
#include "datasets/images/image_form.h"
#include "datasets/images/read_images.h"
#include "datasets/import_folder.h"
#include "datasets/import_sources.h"
#include "datasets/keyed_permutation.h"
#include "datasets/shards.h"

namespace convoy {
namespace {

constexpr int64_t kImageShardBytes = 128 << 20;  // of a file
constexpr int64_t kLongestSide = 16384;
constexpr size_t kMostNamed = 20;

// "32x48", or "32" for both. Throws ConfigError.
ImageForm form_from(const ImportImagesOptions& options) {
  ImageForm form{0, 0, options.channels, options.fit};
  if (options.channels != 1 && options.channels != 3)
    throw ConfigError(fmt::format("--channels {}: wanted 1 (grey) or 3 (colours)", options.channels));
  if (!is_image_fit(options.fit))
    throw ConfigError(fmt::format("--fit {}: wanted one of {}", options.fit, fmt::join(kImageFits, ", ")));
  if (options.size.empty()) return form;
  const char *end = options.size.data() + options.size.size(), *next = options.size.data();
  const auto side = [&](int64_t& length) {
    const auto read = std::from_chars(next, end, length);
    next = read.ptr;
    return read.ec == std::errc() && length >= 1 && length <= kLongestSide;
  };
  bool good = side(form.height);
  form.width = form.height;
  if (good && next != end) good = *next++ == 'x' && side(form.width);
  if (!good || next != end)
    throw ConfigError(
        fmt::format("--size {}: wanted HEIGHTxWIDTH in pixels, each 1 to {}, as 32x32", options.size, kLongestSide));
  return form;
}

void check_image_options(const ImportImagesOptions& options) {
  if (options.inputs.size() != 1)
    throw ConfigError(
        fmt::format("{} sources named; wanted one folder with a folder for each class", options.inputs.size()));
  if (options.damaged != "error" && options.damaged != "skip")
    throw ConfigError(fmt::format("--damaged {}: wanted error or skip", options.damaged));
  check_fractions(options.fractions);
}

ImportRecord record_of(const ImportImagesOptions& options) {
  return {"import-images",
          {{"size", options.size},
           {"fit", options.fit},
           {"channels", fmt::format("{}", options.channels)},
           {"validation", fmt::format("{}", options.fractions.validation)},
           {"test", fmt::format("{}", options.fractions.test)},
           {"seed", fmt::format("{}", options.seed)},
           {"damaged", options.damaged}},
          {}};
}

class ImagesImporter {
 public:
  ImagesImporter(const ImportImagesOptions& options, const ImportProgressFunction& progress)
      : options_(options),
        clock_(progress),
        form_(form_from(options)),
        folder_(find_image_files(options.inputs.front())),
        record_(record_of(options)),
        checksums_(folder_.files.size()),
        counts_(folder_.class_folders.size()) {}

  ImportResult run() {
    check_replaceable(options_.out, options_.force);
    if (std::filesystem::exists(options_.out / kDatasetManifestName) && !options_.force) return compare();
    ImportFolder out(options_.out);
    require_room(out.path(), images() * form_.height * form_.width * form_.channels, "the images");
    DatasetManifest manifest = write(out.path());
    write_dataset_manifest(out.path(), manifest);
    out.commit();
    add_notes(manifest);
    return {false, std::move(manifest), {class_balance(folder_.class_names(), counts_)}, std::move(folder_.notes)};
  }

 private:
  int64_t images() const { return static_cast<int64_t>(folder_.files.size()); }

  std::vector<int64_t> drawn_order() const {
    std::vector<int64_t> order(folder_.files.size());
    const KeyedPermutation permutation(static_cast<uint64_t>(options_.seed), 0, images());
    for (int64_t i = 0; i < images(); ++i) order[static_cast<size_t>(i)] = permutation(i);
    return order;
  }

  // Is it what this import would make?
  ImportResult compare() {
    DatasetManifest manifest = read_dataset_manifest(options_.out);
    open_every_shard(options_.out, manifest);
    if (manifest.import.command != record_.command || manifest.import.options != record_.options)
      require_same_import(options_.out, manifest, record_);
    std::vector<int64_t> order(folder_.files.size());
    std::iota(order.begin(), order.end(), 0);
    start_clock();
    read_images(folder_, order, nullptr, options_.threads, [&](int64_t i, const ReadImage& image) {
      checksums_[static_cast<size_t>(i)] = image.checksum;
      clock_.advance(folder_.files[static_cast<size_t>(i)].bytes);
    });
    record_.sources = sources();
    require_same_import(options_.out, manifest, record_);
    return {true, std::move(manifest), {}, std::move(folder_.notes)};
  }

  void start_clock() {
    int64_t bytes = 0;
    for (const ImageFile& file : folder_.files) bytes += file.bytes;
    clock_.start("reading images", bytes);
  }

  // One for each class's folder: its files one after the other, by name.
  std::vector<SourceEntry> sources() const {
    std::vector<SourceEntry> sources;
    std::string content;
    for (size_t i = 0; i < folder_.files.size(); ++i) {
      const ImageFile& file = folder_.files[i];
      const std::filesystem::path folder =
          folder_.folder_of(file.split, file.class_number).lexically_relative(folder_.source);
      if (sources.empty() || sources.back().name != folder.string()) {
        sources.push_back({folder.string(), 0, 0, 0});
        content.clear();
      }
      if (checksums_[i] == 0) continue;
      content += fmt::format("{}\n{:016x}\n", file.name, checksums_[i]);
      if (content.size() > (1 << 20)) content = to_hex(xxh3_64(content));
      sources.back().bytes += file.bytes;
      ++sources.back().files;
      sources.back().checksum = xxh3_64(content);
    }
    return sources;
  }

  // By file. Of splits that are given a file stays where it is; the others are taken from those that are trained on.
  std::vector<Split> splits() const {
    SplitFractions fractions = options_.fractions;
    if (!folder_.split_folders[static_cast<size_t>(Split::validation)].empty()) fractions.validation = 0;
    if (!folder_.split_folders[static_cast<size_t>(Split::test)].empty()) fractions.test = 0;
    std::vector<int32_t> classes;
    for (const ImageFile& file : folder_.files)
      if (file.split == Split::train) classes.push_back(file.class_number);
    const std::vector<Split> drawn = split_samples(classes, fractions, static_cast<uint64_t>(options_.seed));
    std::vector<Split> splits;
    size_t next = 0;
    for (const ImageFile& file : folder_.files)
      splits.push_back(file.split == Split::train ? drawn[next++] : file.split);
    return splits;
  }

  DatasetManifest write(const std::filesystem::path& folder) {
    const std::vector<Split> split_of = splits();
    for (const Split split : split_of) ++most_images_[static_cast<size_t>(split)];
    start_clock();
    const ImageForm wanted = form_;  // other threads read it, and begin() may change ours
    read_images(folder_, drawn_order(), &wanted, options_.threads, [&](int64_t i, ReadImage image) {
      const ImageFile& file = folder_.files[static_cast<size_t>(i)];
      checksums_[static_cast<size_t>(i)] = image.checksum;
      clock_.advance(file.bytes);
      if (is_wanted(file, image)) add(folder, file, std::move(image), split_of[static_cast<size_t>(i)]);
    });
    for (size_t split = 0; split < writers_.size(); ++split) manifest_.splits[split] = writers_[split].finish();
    if (writers_.empty() || manifest_.split(Split::train).rows() == 0)
      throw DataError(fmt::format(
          "{}: no image to train on{}", folder_.source.string(),
          damaged_ > 0 ? fmt::format("; {} are damaged: {}", damaged_, fmt::join(named_, "; ")) : std::string()));
    manifest_.fields[0].facts.channels = sums_.channels(form_.channels);
    record_.sources = sources();
    manifest_.import = record_;
    return std::move(manifest_);
  }

  bool is_wanted(const ImageFile& file, const ReadImage& image) {
    if (!image.problem.empty()) {
      const std::string text = fmt::format("{} {}", folder_.path_of(file).string(), image.problem);
      if (options_.damaged == "error")
        throw DataError(fmt::format("{}; mend or remove it, or leave such files out with --damaged skip", text));
      ++damaged_;
      if (named_.size() < kMostNamed) named_.push_back(text);
    } else if (image.checksum == 0) {
      if (others_++ == 0) first_other_ = folder_.path_of(file).string();
    } else if (image.wrong_extension) {
      if (misnamed_++ == 0) first_misnamed_ = folder_.path_of(file).string();
    }
    return image.problem.empty() && image.checksum != 0;
  }

  void add(const std::filesystem::path& folder, const ImageFile& file, ReadImage image, Split split) {
    if (writers_.empty()) begin(folder, file, image.image);
    if (image.image.height != form_.height || image.image.width != form_.width)
      throw DataError(
          fmt::format("{} has {} x {} pixels, {} has {} x {}; say the size that all shall have: --size {}x{}",
                      folder_.path_of(file).string(), image.image.height, image.image.width, first_, form_.height,
                      form_.width, form_.height, form_.width));
    all_grey_ &= image.is_grey;
    const auto index = static_cast<size_t>(split);
    if (split == Split::train) sums_.add(image.sums);
    ++counts_[static_cast<size_t>(file.class_number)][index];
    const std::array label{file.class_number};
    writers_[index].append(std::array<std::span<const std::byte>, 2>{std::as_bytes(std::span(image.image.bytes)),
                                                                     std::as_bytes(std::span(label))});
  }

  // Where no size was said it is the first image's.
  void begin(const std::filesystem::path& folder, const ImageFile& file, const Image& image) {
    first_ = folder_.path_of(file).string();
    form_.height = image.height;
    form_.width = image.width;
    if (std::max(form_.height, form_.width) > kLongestSide)
      throw DataError(fmt::format("{} has {} x {} pixels; say a smaller size that all shall have: --size 224x224",
                                  first_, form_.height, form_.width));
    manifest_.kind = "arrays";
    manifest_.fields = {{"x", StoredType::u8, {form_.height, form_.width, form_.channels}, {}, 0},
                        {"y",
                         StoredType::i32,
                         {},
                         {.classes = folder_.class_names()},
                         static_cast<int64_t>(folder_.class_folders.size())}};
    manifest_.preprocessing = to_preprocessing("x", form_);
    for (const Split split : kSplits)
      writers_.emplace_back(folder, split, manifest_.fields,
                            std::max<int64_t>(1, kImageShardBytes / manifest_.row_bytes()), manifest_.block_bytes,
                            most_images_[static_cast<size_t>(split)]);
  }

  void add_notes(const DatasetManifest& manifest) {
    auto& notes = folder_.notes;
    if (damaged_ > 0) {
      notes.push_back(fmt::format("{} files are left out, since they cannot be decoded:", grouped(damaged_)));
      for (const std::string& name : named_) notes.push_back(name);
      if (damaged_ > static_cast<int64_t>(named_.size()))
        notes.push_back(fmt::format("and {} more", grouped(damaged_ - static_cast<int64_t>(named_.size()))));
    }
    if (others_ > 0) notes.push_back(fmt::format("{} files are no images: {}", grouped(others_), first_other_));
    if (misnamed_ > 0)
      notes.push_back(
          fmt::format("{} files are another kind of image than their names say, and were read as what they "
                      "are: {}",
                      grouped(misnamed_), first_misnamed_));
    if (all_grey_ && form_.channels == 3)
      notes.push_back("all images are grey: --channels 1 keeps a third of the bytes");
    for (const auto& [split, fraction] :
         {std::pair{Split::validation, options_.fractions.validation}, {Split::test, options_.fractions.test}})
      if (fraction > 0 && manifest.split(split).rows() == 0)
        notes.push_back(fmt::format("--{} {} leaves no image for that split; import it again with a larger share",
                                    name_of(split), fraction));
  }

  const ImportImagesOptions& options_;
  ImportClock clock_;
  ImageForm form_;
  ImageFolder folder_;
  ImportRecord record_;
  std::vector<uint64_t> checksums_;  // by file; 0: no image
  std::vector<SplitCounts> counts_;  // by class
  DatasetManifest manifest_;
  SplitCounts most_images_{};              // by Split: what it has if none is left out
  std::vector<ArrayShardWriter> writers_;  // by Split
  ChannelSums sums_;                       // of what is trained on
  int64_t damaged_ = 0, others_ = 0, misnamed_ = 0;
  std::vector<std::string> named_;
  std::string first_, first_other_, first_misnamed_;
  bool all_grey_ = true;
};

}  // namespace

ImportResult import_images(const ImportImagesOptions& options, const ImportProgressFunction& progress) {
  check_image_options(options);
  return as_data_error([&] { return ImagesImporter(options, progress).run(); });
}

}  // namespace convoy
