#include "datasets/images/image_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace convoy {
namespace {

using namespace std::string_view_literals;

struct Signature {
  size_t at;
  std::string_view bytes;
  FoundKind found;
};

constexpr std::array kSignatures = {
    Signature{0, "\x89PNG\r\n\x1a\n"sv, {ImageKind::png, "a PNG image"}},
    Signature{0, "\xff\xd8\xff"sv, {ImageKind::jpeg, "a JPEG image"}},
    Signature{0, "GIF8"sv, {ImageKind::other_image, "a GIF image"}},
    Signature{8, "WEBP"sv, {ImageKind::other_image, "a WebP image"}},
    Signature{0, "II*\0"sv, {ImageKind::other_image, "a TIFF image"}},
    Signature{0, "MM\0*"sv, {ImageKind::other_image, "a TIFF image"}},
    Signature{0, "BM"sv, {ImageKind::other_image, "a BMP image"}},
    Signature{0, "\0\0\1\0"sv, {ImageKind::other_image, "an ICO image"}},
    Signature{4, "ftypavif"sv, {ImageKind::other_image, "an AVIF image"}},
    Signature{4, "ftypheic"sv, {ImageKind::other_image, "a HEIC image"}},
    Signature{4, "ftypmif1"sv, {ImageKind::other_image, "a HEIF image"}},
    Signature{0, "\0\0\0\x0cjP  "sv, {ImageKind::other_image, "a JPEG 2000 image"}},
    Signature{0, "\xff\x0a"sv, {ImageKind::other_image, "a JPEG XL image"}},
    Signature{0, "P5"sv, {ImageKind::other_image, "a PGM image"}},
    Signature{0, "P6"sv, {ImageKind::other_image, "a PPM image"}},
    Signature{0, "<svg"sv, {ImageKind::other_image, "an SVG image"}},
};

constexpr std::array kPngExtensions = {".png"sv};
constexpr std::array kJpegExtensions = {".jpg"sv, ".jpeg"sv, ".jpe"sv, ".jfif"sv};
constexpr std::array kOtherExtensions = {".gif"sv,  ".webp"sv, ".tif"sv, ".tiff"sv, ".bmp"sv,
                                         ".avif"sv, ".heic"sv, ".ppm"sv, ".pgm"sv};

std::string extension_of(std::string_view name) {
  const size_t dot = name.rfind('.');
  std::string extension(dot == std::string_view::npos ? "" : name.substr(dot));
  for (char& letter : extension) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return extension;
}

template <size_t N>
bool holds(const std::array<std::string_view, N>& extensions, const std::string& extension) {
  return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

}  // namespace

FoundKind kind_of_image(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Signature& signature : kSignatures)
    if (text.size() >= signature.at && text.substr(signature.at).starts_with(signature.bytes)) return signature.found;
  return {};
}

bool has_image_extension(std::string_view file_name) {
  const std::string extension = extension_of(file_name);
  return holds(kPngExtensions, extension) || holds(kJpegExtensions, extension) || holds(kOtherExtensions, extension);
}

bool extension_fits(std::string_view file_name, ImageKind kind) {
  const std::string extension = extension_of(file_name);
  return kind == ImageKind::png ? holds(kPngExtensions, extension) : holds(kJpegExtensions, extension);
}

}  // namespace convoy
