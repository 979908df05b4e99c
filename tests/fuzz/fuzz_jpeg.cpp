// JPEG images: libjpeg-turbo, EXIF, and what we make of its pixels.
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
    convoy::decode_jpeg(file, options);
  });
  convoy::refused_in_words([&] {
    convoy::prepare_image(file, {5, 7, 3, "crop"}, [](int64_t memory) {
      if (memory > int64_t{64} << 20) throw convoy::DataError("too large for a fuzzer");
    });
  });
  return 0;
}

std::vector<std::string> convoy::fuzz_seeds() {
  return {jpeg_of(smooth_image(20, 28, 3)), jpeg_of(smooth_image(9, 12, 1)),
          jpeg_of(smooth_image(24, 16, 3), {.quality = 40, .progressive = true}),
          jpeg_of(smooth_image(40, 40, 3), {.orientation = 6}), jpeg_of(smooth_image(8, 8, 4), {.inks = true})};
}
