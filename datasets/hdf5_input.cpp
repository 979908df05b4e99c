#include "datasets/hdf5_input.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/base/files.h"
#include "core/base/json_text.h"
#include "core/data/host_fields.h"
#include "datasets/files/data_errors.h"
#include "datasets/hdf5_rows.h"

namespace convoy {
namespace {

bool tells_of_hdf5(const std::string& preprocessing) {
  return !preprocessing.empty() && parse_ordered_json(preprocessing).value("kind", "") == "hdf5";
}

// A field's path, or its name.
std::vector<Hdf5Field> paths_of(const std::vector<StoredField>& fields, const std::string& preprocessing) {
  const std::vector<Hdf5Field> known =
      tells_of_hdf5(preprocessing) ? hdf5_fields_from(preprocessing) : std::vector<Hdf5Field>();
  std::vector<Hdf5Field> paths;
  for (const StoredField& field : fields) {
    const auto found = std::ranges::find(known, field.name, &Hdf5Field::name);
    paths.push_back(found == known.end() ? Hdf5Field{field.name, field.name} : *found);
  }
  return paths;
}

class Hdf5Input final : public PredictionInput {
 public:
  Hdf5Input(const std::filesystem::path& file, const std::vector<StoredField>& fields, const std::string& preprocessing)
      : rows_(file, paths_of(fields, preprocessing), fields) {
    for (const StoredField& field : fields) fields_.push_back({field.name, batch_dtype(field.type), field.shape});
  }

  const std::vector<BatchField>& fields() const override { return fields_; }
  const std::vector<std::string>& kept_columns() const override { return kept_; }
  std::vector<std::string> notes() const override { return {}; }

  int64_t read(int64_t count, std::span<const Tensor> out, std::vector<InputRow>& rows) override {
    const int64_t present = std::min(count, rows_.rows() - next_);
    std::vector<Tensor> tensors;  // of what there is
    for (size_t i = 0; i < fields_.size(); ++i)
      tensors.push_back({out[i].data, out[i].dtype, batched(present, fields_[i].shape)});
    if (present > 0) rows_.read(next_, present, tensors);
    for (int64_t row = next_; row < next_ + present; ++row) rows.push_back({true, std::to_string(row)});
    next_ += present;
    return present;
  }

 private:
  Hdf5Rows rows_;
  std::vector<BatchField> fields_;
  std::vector<std::string> kept_{"row"};
  int64_t next_ = 0;
};

}  // namespace

// The signature stands first or, behind what others have put in front, at 512, 1024, 2048 and so on.
bool is_hdf5_file(const std::filesystem::path& file) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return false;
  return as_data_error([&] {
    const File opened = File::open(file);
    const auto length = static_cast<int64_t>(kSignature.size());
    std::array<char, kSignature.size()> found{};
    for (int64_t at = 0; at + length <= opened.bytes(); at = at == 0 ? 512 : 2 * at) {
      opened.read(at, std::as_writable_bytes(std::span(found)));
      if (std::string_view(found.data(), found.size()) == kSignature) return true;
    }
    return false;
  });
}

std::unique_ptr<PredictionInput> open_hdf5_input(const std::filesystem::path& file,
                                                 const std::vector<StoredField>& fields,
                                                 const std::string& preprocessing) {
  return as_data_error([&] { return std::make_unique<Hdf5Input>(file, fields, preprocessing); });
}

}  // namespace convoy
