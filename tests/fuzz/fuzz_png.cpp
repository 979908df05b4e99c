// PNG images: libspng and what we make of its pixels.
#include <span>

#include "core/base/error.h"
#include "datasets/images/decode_image.h"
#include "datasets/images/image_form.h"
#include "tests/datasets/images/test_images.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const auto file = std::as_bytes(std::span(data, bytes));
  convoy::refused_in_words([&] {
    convoy::DecodeOptions options;
    options.channels = bytes % 2 == 0 ? 3 : 1;
    // A few bytes may ask for much: what is taken is told before, and here refused.
    options.before_memory = [](int64_t memory) {
      if (memory > int64_t{64} << 20) throw convoy::DataError("too large for a fuzzer");
    };
    convoy::decode_png(file, options);
  });
  convoy::refused_in_words([&] {
    convoy::prepare_image(file, {5, 7, 3, "crop"}, [](int64_t memory) {
      if (memory > int64_t{64} << 20) throw convoy::DataError("too large for a fuzzer");
    });
  });
  return 0;
}

std::vector<std::string> convoy::fuzz_seeds() {
  PngParts alpha{.width = 2, .height = 1, .bit_depth = 8, .colour_type = 6, .rows = std::string(8, 'a')};
  PngParts palette{.width = 4, .height = 1, .bit_depth = 2, .colour_type = 3, .rows = "\x1b"};
  palette.before_data = png_chunk("PLTE", std::string(12, 'p')) + png_chunk("tRNS", "ab");
  PngParts deep{.width = 1, .height = 2, .bit_depth = 16, .colour_type = 4, .rows = std::string(8, 'd')};
  PngParts passes{.width = 3, .height = 3, .bit_depth = 8, .colour_type = 0, .rows = std::string(9, 'i')};
  passes.interlaced = true;
  passes.row_bytes = {1, 1, 2, 1, 1, 3};
  std::string turned = png_of(smooth_image(5, 4, 1));
  turned.insert(33, png_chunk("eXIf", exif_with(6)));
  return {png_of(smooth_image(9, 12, 3)), png_of(alpha), png_of(palette), png_of(deep), png_of(passes), turned};
}
