#include "datasets/images/decode_image.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace convoy {

void check_pixels(int64_t height, int64_t width) {
  if (height < 1 || width < 1) throw DataError(fmt::format("has {} x {} pixels; wanted at least one", height, width));
  if (height > kMostPixels / width)
    throw DataError(
        fmt::format("has {} x {} pixels, more than the {} that are read; shrink it", height, width, kMostPixels));
}

DecodedImage decode_image(std::span<const std::byte> bytes, const DecodeOptions& options) {
  if (bytes.empty()) throw DataError("is empty");
  const FoundKind found = kind_of_image(bytes);
  switch (found.kind) {
    case ImageKind::png:
      return decode_png(bytes, options);
    case ImageKind::jpeg:
      return decode_jpeg(bytes, options);
    case ImageKind::other_image:
      throw DataError(fmt::format("is {}; wanted PNG or JPEG: convert it", found.name));
    case ImageKind::no_image:
      break;
  }
  throw DataError("is no PNG or JPEG image");
}

}  // namespace convoy
