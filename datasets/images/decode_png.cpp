#include <fmt/format.h>
#include <spng.h>

#include <memory>

#include "core/base/error.h"
#include "datasets/images/decode_image.h"
#include "datasets/images/exif_orientation.h"

namespace convoy {
namespace {

constexpr size_t kMostChunkBytes = 64 << 20;  // of texts, profiles and the like

struct FreeSpng {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};

void check_png(int status) {
  if (status != 0) throw DataError(fmt::format("is damaged: {}", spng_strerror(status)));
}

int over_white(int value, int alpha) { return (value * alpha + 255 * (255 - alpha) + 127) / 255; }

struct PngForm {
  spng_format format;
  int64_t channels;
};

// What libspng is asked for: no more than the file has.
PngForm form_of(const spng_ihdr& header, bool has_transparency) {
  if (!has_transparency && header.bit_depth <= 8) {
    if (header.color_type == SPNG_COLOR_TYPE_GRAYSCALE) return {SPNG_FMT_G8, 1};
    if (header.color_type == SPNG_COLOR_TYPE_TRUECOLOR || header.color_type == SPNG_COLOR_TYPE_INDEXED)
      return {SPNG_FMT_RGB8, 3};
  }
  return {SPNG_FMT_RGBA8, 4};
}

void convert_pixel(const uint8_t* from, int64_t from_channels, uint8_t* to, int64_t to_channels) {
  int colours[3];
  for (int c = 0; c < 3; ++c) {
    colours[c] = from[from_channels == 1 ? 0 : c];
    if (from_channels == 4) colours[c] = over_white(colours[c], from[3]);
  }
  if (to_channels == 1)
    to[0] = grey_of(colours[0], colours[1], colours[2]);
  else
    for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(colours[c]);
}

Image with_channels(Image image, int64_t channels) {
  if (image.channels == channels) return image;
  Image out(image.height, image.width, channels);
  const int64_t pixels = image.height * image.width;
  for (int64_t i = 0; i < pixels; ++i)
    convert_pixel(image.bytes.data() + i * image.channels, image.channels, out.bytes.data() + i * channels, channels);
  return out;
}

}  // namespace

DecodedImage decode_png(std::span<const std::byte> bytes, const DecodeOptions& options) {
  const std::unique_ptr<spng_ctx, FreeSpng> context(spng_ctx_new(0));
  if (context == nullptr) throw InternalError("libspng cannot begin");
  check_png(spng_set_chunk_limits(context.get(), kMostChunkBytes, kMostChunkBytes));
  check_png(spng_set_png_buffer(context.get(), bytes.data(), bytes.size()));
  spng_ihdr header{};
  check_png(spng_get_ihdr(context.get(), &header));
  check_pixels(header.height, header.width);
  spng_trns transparency{};
  const PngForm form = form_of(header, spng_get_trns(context.get(), &transparency) == 0);
  if (options.before_memory) options.before_memory(int64_t{header.height} * header.width * (form.channels + 3));
  Image image(header.height, header.width, form.channels);
  check_png(spng_decode_image(context.get(), image.bytes.data(), image.bytes.size(), form.format, SPNG_DECODE_TRNS));
  DecodedImage decoded;
  spng_exif exif{};
  if (spng_get_exif(context.get(), &exif) == 0)
    decoded.orientation = exif_orientation({reinterpret_cast<const std::byte*>(exif.data), exif.length});
  decoded.is_grey = (header.color_type & SPNG_COLOR_TYPE_TRUECOLOR) == 0;
  decoded.image = with_channels(std::move(image), options.channels);
  return decoded;
}

}  // namespace convoy
