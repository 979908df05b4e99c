// Image files of a folder, decoded on several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "datasets/images/channel_sums.h"
#include "datasets/images/image_folder.h"
#include "datasets/images/image_form.h"

namespace convoy {

struct ReadImage {
  Image image;  // of the form; of a file that is none or damaged: empty
  ChannelSums sums;
  uint64_t checksum = 0;  // xxh3 of the file; 0: it was not read
  bool is_grey = false, wrong_extension = false;
  std::string problem;  // "is damaged: ..."; empty: none
};

// Reads files[order[0]], files[order[1]], ... and hands each out in that order. form: null, only the checksums are
// wanted.
void read_images(const ImageFolder& folder, const std::vector<int64_t>& order, const ImageForm* form, int threads,
                 const std::function<void(int64_t file, ReadImage)>& take);

}  // namespace convoy
