#include "datasets/images/image_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/files/data_errors.h"
#include "datasets/grouped_number.h"
#include "datasets/images/image_folder.h"
#include "datasets/images/read_image_file.h"
#include "datasets/ordered_pipe.h"
#include "datasets/table/csv_rows.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

constexpr size_t kImagesNamed = 10;
constexpr int64_t kPieceBytes = 64 << 10;  // of pictures that a thread decodes before it hands them on

struct DecodedFile {
  std::string name, problem;
  std::optional<Image> image;  // absent, without a problem: the file is no image
};

class ImageInput final : public PredictionInput {
 public:
  ImageInput(const fs::path& path, const ImageField& field, const ImageInputOptions& options)
      : shown_(path.string()), form_(field.form), skips_damaged_(options.damaged == "skip"), budget_(kDecodingBytes) {
    if (options.damaged != "error" && !skips_damaged_)
      throw ConfigError(fmt::format("--damaged {}: wanted error or skip", options.damaged));
    if (!is_there(path)) throw DataError(fmt::format("{}: no such file or folder; check the path", shown_));
    is_of_folder_ = is_folder(path);
    folder_ = is_of_folder_ ? path : path.parent_path();
    files_ = is_of_folder_ ? find_files_below(path) : FilesBelow{{path.filename().string()}, {}};
    fields_ = {{field.name, DType::u8, {form_.height, form_.width, form_.channels}}};
    const int64_t at_once = std::clamp<int64_t>(kPieceBytes / fields_[0].shape.elements(), 1, 64);
    const int threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 16u));
    pipe_.emplace(
        threads, [this, at_once](Piece& piece) { return next_piece(piece, at_once); },
        [this](Piece&& piece) { return decode(piece); });
  }

  const std::vector<BatchField>& fields() const override { return fields_; }
  const std::vector<std::string>& kept_columns() const override { return kept_; }

  int64_t read(int64_t count, std::span<const Tensor> out, std::vector<InputRow>& rows) override {
    int64_t done = 0;
    while (done < count && (at_ < decoded_.size() || take_piece())) {
      const DecodedFile& file = decoded_[at_++];
      if (!file.image && file.problem.empty()) continue;
      InputRow& row = rows.emplace_back(InputRow{file.image.has_value(), {}});
      append_csv_cell(row.kept, text_of_bytes(file.name));
      if (!file.image) continue;
      const std::vector<uint8_t>& bytes = file.image->bytes;
      std::memcpy(out[0].as<std::byte>() + static_cast<size_t>(done++) * bytes.size(), bytes.data(), bytes.size());
    }
    if (done < count && images_ + damaged_ == 0)
      throw DataError(fmt::format("{}: no PNG or JPEG image in this folder or below", shown_));
    return done;
  }

  std::vector<std::string> notes() const override {
    std::vector<std::string> notes = files_.notes;
    if (others_ > 0) notes.push_back(fmt::format("{} files are no images: {}", grouped(others_), first_other_));
    if (damaged_ > 0)
      notes.push_back(fmt::format("{} images have no prediction: {}{}", grouped(damaged_), fmt::join(problems_, "; "),
                                  damaged_ > static_cast<int64_t>(problems_.size()) ? "; ..." : ""));
    return notes;
  }

 private:
  using Piece = std::span<const std::string>;  // names of files

  bool next_piece(Piece& piece, int64_t at_once) {
    piece = Piece(files_.names).subspan(next_);
    piece = piece.first(std::min(piece.size(), static_cast<size_t>(at_once)));
    next_ += piece.size();
    return !piece.empty();
  }

  std::vector<DecodedFile> decode(Piece names) {
    std::vector<DecodedFile> decoded;
    for (const std::string& name : names) decoded.push_back(as_data_error([&] { return decode(name); }));
    return decoded;
  }

  DecodedFile decode(const std::string& name) {
    const fs::path path = folder_ / name;
    ImageFileContent content = read_image_file(path);
    DecodedFile decoded{name, std::move(content.problem), {}};
    try {
      if (content.is_read()) decoded.image = prepare_image_within(budget_, content.bytes, form_).image;
    } catch (const DataError& error) {
      decoded.problem = error.what();
    }
    if (!is_of_folder_ && !decoded.image && decoded.problem.empty()) decoded.problem = "is no PNG or JPEG image";
    if (decoded.problem.empty()) return decoded;
    decoded.problem = fmt::format("{} {}", path.string(), decoded.problem);
    if (skips_damaged_) return decoded;
    throw DataError(decoded.problem +
                    (is_of_folder_ ? "; mend or remove it, or leave such files without a prediction with --damaged skip"
                                   : "; name a PNG or JPEG file, or a folder of them"));
  }

  bool take_piece() {
    std::optional<std::vector<DecodedFile>> decoded = pipe_->take();
    if (!decoded) return false;
    decoded_ = std::move(*decoded);
    at_ = 0;
    for (const DecodedFile& file : decoded_) {
      if (file.image) {
        ++images_;
      } else if (!file.problem.empty()) {
        if (++damaged_ <= static_cast<int64_t>(kImagesNamed)) problems_.push_back(file.problem);
      } else if (others_++ == 0) {
        first_other_ = (folder_ / file.name).string();
      }
    }
    return true;
  }

  std::string shown_;
  ImageForm form_;
  bool skips_damaged_, is_of_folder_ = false;
  MemoryBudget budget_;
  fs::path folder_;
  FilesBelow files_;
  size_t next_ = 0;  // file that no thread has
  std::vector<BatchField> fields_;
  std::vector<std::string> kept_{"file"}, problems_;
  std::vector<DecodedFile> decoded_;
  size_t at_ = 0;  // of these: the next
  int64_t images_ = 0, damaged_ = 0, others_ = 0;
  std::string first_other_;
  std::optional<OrderedPipe<Piece, std::vector<DecodedFile>>> pipe_;  // last: its threads use the rest
};

}  // namespace

std::unique_ptr<PredictionInput> open_image_input(const fs::path& path, const ImageField& field,
                                                  const ImageInputOptions& options) {
  return as_data_error([&] { return std::make_unique<ImageInput>(path, field, options); });
}

}  // namespace convoy
