#include "datasets/images/image_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/error.h"
#include "core/base/json_text.h"
#include "datasets/images/decode_image.h"
#include "datasets/images/exif_orientation.h"
#include "datasets/images/resize_image.h"

namespace convoy {
namespace {

constexpr const char* kImagesKind = "images";  // of preprocessing

struct Sides {
  int64_t height = 0, width = 0;
};

int64_t divided(int64_t number, int64_t by) { return std::max<int64_t>(1, (number + by / 2) / by); }

// The largest part from the middle that has the proportions of `form`.
ImagePart middle_part(const Sides& image, const Sides& form) {
  Sides part = image;
  if (image.width * form.height > image.height * form.width)
    part.width = std::min(image.width, divided(image.height * form.width, form.height));
  else
    part.height = std::min(image.height, divided(image.width * form.height, form.width));
  return {(image.height - part.height) / 2, (image.width - part.width) / 2, part.height, part.width};
}

// The sides of all of the picture where it just fits in.
Sides within(const Sides& image, const Sides& form) {
  if (image.width * form.height > image.height * form.width)
    return {std::min(form.height, divided(image.height * form.width, image.width)), form.width};
  return {form.height, std::min(form.width, divided(image.width * form.height, image.height))};
}

Image in_the_middle_of_black(const Image& image, const Sides& form) {
  Image out(form.height, form.width, image.channels);
  const int64_t top = (form.height - image.height) / 2, left = (form.width - image.width) / 2;
  for (int64_t y = 0; y < image.height; ++y)
    std::copy_n(image.row(y), image.row_bytes(), out.row(top + y) + left * image.channels);
  return out;
}

Image fitted(Image image, const Sides& form, const std::string& fit) {
  if (form.height == 0 || (form.height == image.height && form.width == image.width)) return image;
  const Sides of_image{image.height, image.width};
  ImagePart part{0, 0, image.height, image.width};
  Sides sides = form;
  if (fit == "crop") part = middle_part(of_image, form);
  if (fit == "pad") sides = within(of_image, form);
  Image out = resize_part(image, part, sides.height, sides.width);
  return fit == "pad" ? in_the_middle_of_black(out, form) : out;
}

// The sides that the whole picture has when its part that is kept has those of the form.
Sides sides_of_whole(const Sides& image, const Sides& form, const std::string& fit) {
  if (form.height == 0) return {};
  if (fit == "pad") return within(image, form);
  if (fit == "squeeze") return form;
  const ImagePart part = middle_part(image, form);
  return {image.height * form.height / part.height, image.width * form.width / part.width};
}

}  // namespace

std::string to_preprocessing(const std::string& field, const ImageForm& form) {
  return json_text(nlohmann::ordered_json{{"kind", kImagesKind},
                                          {"field", field},
                                          {"height", form.height},
                                          {"width", form.width},
                                          {"channels", form.channels},
                                          {"fit", form.fit}},
                   1) +
         "\n";
}

ImageField image_field_from(const std::string& preprocessing) try {
  const auto json = parse_ordered_json(preprocessing);
  if (json.at("kind") != kImagesKind) throw DataError("preprocessing is not that of images");
  ImageField field{json.at("field"), {json.at("height"), json.at("width"), json.at("channels"), json.at("fit")}};
  const ImageForm& form = field.form;
  check_pixels(form.height, form.width);
  if ((form.channels != 1 && form.channels != 3) || !is_image_fit(form.fit))
    throw DataError(fmt::format("preprocessing wants {} channels and fit \"{}\", which this Convoy does not know",
                                form.channels, form.fit));
  return field;
} catch (const nlohmann::json::exception& error) {
  throw DataError(fmt::format("preprocessing of images is damaged: {}; take it from another copy", error.what()));
}

bool is_image_fit(std::string_view name) {
  return std::find(std::begin(kImageFits), std::end(kImageFits), name) != std::end(kImageFits);
}

PreparedImage prepare_image(std::span<const std::byte> bytes, const ImageForm& form,
                            const std::function<void(int64_t)>& before_memory) {
  const Sides upright_form{form.height, form.width};
  DecodeOptions options;
  options.channels = form.channels;
  options.before_memory = before_memory;
  // Whether it will be turned is not known yet: enough for both.
  options.wanted = [&](int64_t height, int64_t width) {
    const Sides a = sides_of_whole({height, width}, upright_form, form.fit),
                b = sides_of_whole({height, width}, {form.width, form.height}, form.fit);
    return std::pair{std::max(a.height, b.height), std::max(a.width, b.width)};
  };
  DecodedImage decoded = decode_image(bytes, options);
  const Sides stored_form = swaps_sides(decoded.orientation) ? Sides{form.width, form.height} : upright_form;
  return {upright(fitted(std::move(decoded.image), stored_form, form.fit), decoded.orientation), decoded.is_grey};
}

}  // namespace convoy
