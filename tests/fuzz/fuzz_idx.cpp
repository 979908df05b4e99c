// IDX files, compressed by gzip or not.
#include <algorithm>

#include "datasets/idx/idx_file.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const convoy::FuzzFile on_disk(data, bytes);
  convoy::refused_in_words([&] {
    convoy::is_idx_file(on_disk.path());
    convoy::IdxFile file(on_disk.path());
    const int64_t step = std::max<int64_t>(1, (1 << 16) / file.row_elements());
    if (file.row_elements() > 1 << 20) return;  // a row is read as one
    for (int64_t begin = 0; begin < file.rows(); begin += step) file.read(std::min(step, file.rows() - begin));
    file.check_end();
  });
  return 0;
}

std::vector<std::string> convoy::fuzz_seeds() {
  const std::string images = std::string("\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03", 16) + std::string(12, 'x'),
                    labels = std::string("\0\0\x08\x01\0\0\0\x05", 8) + "abcde",
                    reals = std::string("\0\0\x0d\x02\0\0\0\x01\0\0\0\x02", 12) + std::string(8, '?'),
                    doubles = std::string("\0\0\x0e\x01\0\0\0\x01", 8) + std::string(8, '?'),
                    shorts = std::string("\0\0\x0b\x01\0\0\0\x02", 8) + std::string(4, '?');
  // `labels` compressed by gzip.
  const std::string zipped(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x63\x60\xe0\x60\x64\x60\x60\x60\x4d\x4c"
      "\x4a\x4e\x49\x05\x00\x32\x72\x1d\x49\x0d\x00\x00\x00",
      33);
  return {images, labels, reals, doubles, shorts, zipped};
}
