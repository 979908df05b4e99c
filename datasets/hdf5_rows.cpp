#include "datasets/hdf5_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/error.h"
#include "core/base/json_text.h"
#include "datasets/hdf5/field_source.h"
#include "datasets/hdf5/source_file.h"

namespace convoy {
namespace {

constexpr const char* kHdf5Kind = "hdf5";  // of preprocessing

const StoredField& field_named(const std::string& name, const std::vector<StoredField>& fields) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const StoredField& f) { return f.name == name; });
  if (found == fields.end())
    throw DataError(
        fmt::format("preprocessing reads a field {} that the model's data does not have; take the "
                    "checkpoint from another copy",
                    name));
  return *found;
}

// The field in the types that FieldSource makes, with the elements that a batch has.
StoredField as_read(StoredField field) {
  const DType dtype = batch_dtype(field.type);
  field.type = dtype == DType::u8 ? StoredType::u8 : dtype == DType::f32 ? StoredType::f32 : StoredType::i32;
  return field;
}

// A single number may be () or (1), and bytes may have one channel that the dataset does not tell.
bool fits(const hdf5::SourceArray& array, const Shape& wanted) {
  const std::vector<int64_t> plain(array.extents().begin() + 1, array.extents().end());
  return std::ranges::equal(plain, wanted) || hdf5::sample_shape(array) == wanted;
}

void check_form(const hdf5::SourceArray& array, const StoredField& field, const std::string& shown) {
  if (!fits(array, field.shape))
    throw DataError(fmt::format("{} has samples of shape {}, the model wants {}", shown,
                                to_string(hdf5::sample_shape(array)), to_string(field.shape)));
  if (field.type == StoredType::u8 ? array.type() != "uint8"
                                   : field.type == StoredType::i32 && array.kind() == hdf5::NumberKind::real)
    throw DataError(fmt::format("{} is of type {}, the model wants {}", shown, array.type(),
                                field.type == StoredType::u8 ? "bytes (uint8)" : "whole numbers"));
}

}  // namespace

std::string to_preprocessing(const std::vector<Hdf5Field>& fields) {
  nlohmann::ordered_json json = {{"kind", kHdf5Kind}, {"fields", nlohmann::ordered_json::array()}};
  for (const Hdf5Field& field : fields) json["fields"].push_back({{"name", field.name}, {"path", field.path}});
  return json_text(json, 1) + "\n";
}

std::vector<Hdf5Field> hdf5_fields_from(const std::string& preprocessing) try {
  const auto json = parse_ordered_json(preprocessing);
  if (json.at("kind") != kHdf5Kind) throw DataError("preprocessing is not that of HDF5 files");
  std::vector<Hdf5Field> fields;
  for (const auto& field : json.at("fields")) fields.push_back({field.at("name"), field.at("path")});
  return fields;
} catch (const nlohmann::json::exception& error) {
  throw DataError(fmt::format("preprocessing of HDF5 files is damaged: {}; take it from another copy", error.what()));
}

class Hdf5Rows::Impl {
 public:
  Impl(const std::filesystem::path& path, const std::vector<Hdf5Field>& paths, const std::vector<StoredField>& fields)
      : file_(path) {
    for (const Hdf5Field& from : paths) {
      const StoredField field = as_read(field_named(from.name, fields));
      arrays_.push_back(file_.open(from.path));
      const std::string shown = fmt::format("{}: {}", path.string(), from.path);
      check_form(*arrays_.back(), field, shown);
      if (arrays_.back()->rows() != arrays_.front()->rows())
        throw DataError(fmt::format("{} has {} samples, {} has {}; wanted one of each for every sample", shown,
                                    arrays_.back()->rows(), paths.front().path, arrays_.front()->rows()));
      fields_.push_back(field);
      names.push_back(from.name);
      shown_.push_back(shown);
      sources_.emplace_back(*arrays_.back(), shown, field);
    }
  }

  int64_t rows() const { return arrays_.empty() ? 0 : arrays_.front()->rows(); }

  void read(int64_t begin, int64_t count, std::span<const Tensor> out) {
    for (size_t f = 0; f < sources_.size(); ++f) {
      const auto sample_bytes = static_cast<int64_t>(out[f].bytes()) / count;
      for (int64_t done = 0, some = 0; done < count; done += some) {
        some = std::min(count - done, sources_[f].rows_at_once(begin + done));
        const std::span<const std::byte> stored = sources_[f].read(begin + done, some);
        check_limit(f, begin + done, stored);
        convert_elements(fields_[f].type, stored.data(), some * fields_[f].shape.elements(),
                         out[f].as<std::byte>() + done * sample_bytes);
      }
    }
  }

  std::vector<std::string> names;

 private:
  void check_limit(size_t f, int64_t begin, std::span<const std::byte> stored) const {
    const StoredField& field = fields_[f];
    if (field.limit == 0) return;
    const auto count = static_cast<int64_t>(stored.size()) / size_of(field.type), of_row = field.shape.elements();
    const int64_t bad = find_unusable(field.type, stored.data(), 0, count, field.limit);
    if (bad >= 0)
      throw DataError(fmt::format("{} is {}; the model was trained on 0 to {}",
                                  hdf5::place_of(shown_[f], arrays_[f]->extents(), begin + bad / of_row, bad % of_row),
                                  element_text(field.type, stored.data(), bad), field.limit - 1));
  }

  hdf5::SourceFile file_;
  std::vector<std::unique_ptr<hdf5::SourceArray>> arrays_;
  std::vector<std::string> shown_;
  std::vector<StoredField> fields_;
  std::vector<hdf5::FieldSource> sources_;
};

Hdf5Rows::Hdf5Rows(const std::filesystem::path& file, const std::vector<Hdf5Field>& paths,
                   const std::vector<StoredField>& fields)
    : impl_(std::make_unique<Impl>(file, paths, fields)) {}
Hdf5Rows::~Hdf5Rows() = default;

int64_t Hdf5Rows::rows() const { return impl_->rows(); }
const std::vector<std::string>& Hdf5Rows::names() const { return impl_->names; }
void Hdf5Rows::read(int64_t begin, int64_t count, std::span<const Tensor> out) { impl_->read(begin, count, out); }

}  // namespace convoy
