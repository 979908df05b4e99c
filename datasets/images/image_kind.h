// What a file is by its first bytes, whatever its name says.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace convoy {

enum class ImageKind { png, jpeg, other_image, no_image };

struct FoundKind {
  ImageKind kind = ImageKind::no_image;
  std::string_view name;  // "a PNG image", "a WebP image"; of no image: empty
};

FoundKind kind_of_image(std::span<const std::byte> bytes);

// Whether the extension of a file's name is one that images of some kind have; and whether it is that of `kind`, png or
// jpeg.
bool has_image_extension(std::string_view file_name);
bool extension_fits(std::string_view file_name, ImageKind kind);

}  // namespace convoy
