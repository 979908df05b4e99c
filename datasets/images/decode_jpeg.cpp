#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <string>

// After <cstdio>, of which it takes FILE.
#include <jerror.h>
#include <jpeglib.h>

#include "core/base/error.h"
#include "datasets/images/decode_image.h"
#include "datasets/images/exif_orientation.h"

namespace convoy {
namespace {

constexpr int kExifMarker = JPEG_APP0 + 1;
constexpr unsigned kMostExifBytes = 0xffff;
constexpr int kMostScans = 200;  // more are an attack on whoever decodes them
constexpr std::string_view kExifName("Exif\0\0", 6);

// Libjpeg is C and ends what fails by a jump: between setjmp and here nothing of C++ may be alive that has a
// destructor.
struct JpegErrors {
  jpeg_error_mgr functions{};  // first: libjpeg knows only this
  std::jmp_buf jump{};
  char message[JMSG_LENGTH_MAX] = {};
};

// Extra bytes between segments and odd marks of their makers leave every pixel as it was; all else that libjpeg only
// warns of (an early end, impossible codes) makes up pixels.
bool is_harmless(int code) {
  return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR || code == JWRN_BOGUS_ICC;
}

[[noreturn]] void fail(j_common_ptr jpeg) {
  auto* errors = reinterpret_cast<JpegErrors*>(jpeg->err);
  errors->functions.format_message(jpeg, errors->message);
  std::longjmp(errors->jump, 1);
}

void on_message(j_common_ptr jpeg, int level) {
  if (level < 0 && !is_harmless(jpeg->err->msg_code)) fail(jpeg);
}

void on_progress(j_common_ptr jpeg) {
  auto* decoder = reinterpret_cast<j_decompress_ptr>(jpeg);
  if (decoder->input_scan_number <= kMostScans) return;
  auto* errors = reinterpret_cast<JpegErrors*>(jpeg->err);
  std::snprintf(errors->message, sizeof errors->message, "more than %d scans", kMostScans);
  std::longjmp(errors->jump, 1);
}

// A JPEG image that is being read. Each call into libjpeg stands in a function of its own behind setjmp.
class JpegReader {
 public:
  explicit JpegReader(std::span<const std::byte> bytes) {
    jpeg_.err = jpeg_std_error(&errors_.functions);
    errors_.functions.error_exit = fail;
    errors_.functions.emit_message = on_message;
    progress_.progress_monitor = on_progress;
    if (!begin(bytes)) throw_damaged();
  }
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  jpeg_decompress_struct& jpeg() { return jpeg_; }

  int64_t height() const { return jpeg_.image_height; }
  int64_t width() const { return jpeg_.image_width; }
  bool is_cmyk() const { return jpeg_.jpeg_color_space == JCS_CMYK || jpeg_.jpeg_color_space == JCS_YCCK; }
  int orientation() const {
    for (const jpeg_marker_struct* marker = jpeg_.marker_list; marker != nullptr; marker = marker->next) {
      const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
      if (marker->marker == kExifMarker && data.starts_with(kExifName))
        return exif_orientation(std::as_bytes(std::span(data.substr(kExifName.size()))));
    }
    return 1;
  }

  // The size of what it will give.
  void start(int64_t channels, int eighths) {
    jpeg_.out_color_space = is_cmyk() ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_.scale_num = static_cast<unsigned>(eighths);
    jpeg_.scale_denom = 8;
    if (!start_output()) throw_damaged();
  }
  void read(Image& image) {
    if (!read_rows(image.bytes.data(), image.row_bytes())) throw_damaged();
  }

 private:
  [[noreturn]] void throw_damaged() const { throw DataError(fmt::format("is damaged: {}", errors_.message)); }

  bool begin(std::span<const std::byte> bytes) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_.progress = &progress_;
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_save_markers(&jpeg_, kExifMarker, kMostExifBytes);
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }
  bool start_output() {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_start_decompress(&jpeg_);
    return true;
  }
  bool read_rows(uint8_t* bytes, int64_t row_bytes) {
    if (setjmp(errors_.jump) != 0) return false;
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = bytes + static_cast<int64_t>(jpeg_.output_scanline) * row_bytes;
      jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_decompress(&jpeg_);
    return true;
  }

  JpegErrors errors_;
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct jpeg_{};
};

// How many eighths of its sides to decode.
int eighths_for(const DecodeOptions& options, int64_t height, int64_t width) {
  if (!options.wanted) return 8;
  const auto [wanted_height, wanted_width] = options.wanted(height, width);
  if (wanted_height == 0) return 8;
  for (const int eighths : {1, 2, 4})
    if (height * eighths / 8 >= 2 * wanted_height && width * eighths / 8 >= 2 * wanted_width) return eighths;
  return 8;
}

// Inks as Adobe's programs write them: 255 is none.
Image from_inks(const Image& inks, int64_t channels) {
  Image out(inks.height, inks.width, channels);
  const uint8_t* from = inks.bytes.data();
  uint8_t* to = out.bytes.data();
  for (int64_t i = 0; i < inks.height * inks.width; ++i, from += 4) {
    int colours[3];
    for (int c = 0; c < 3; ++c) colours[c] = (from[c] * from[3] + 127) / 255;
    if (channels == 1)
      *to++ = grey_of(colours[0], colours[1], colours[2]);
    else
      for (const int colour : colours) *to++ = static_cast<uint8_t>(colour);
  }
  return out;
}

void invert(Image& image) {
  for (uint8_t& byte : image.bytes) byte = static_cast<uint8_t>(255 - byte);
}

}  // namespace

DecodedImage decode_jpeg(std::span<const std::byte> bytes, const DecodeOptions& options) {
  JpegReader reader(bytes);
  check_pixels(reader.height(), reader.width());
  const int eighths = eighths_for(options, reader.height(), reader.width());
  if (options.before_memory) {
    const int64_t pixels = reader.height() * reader.width();
    const int64_t whole = jpeg_has_multiple_scans(&reader.jpeg()) ? pixels * 2 * reader.jpeg().num_components : 0;
    options.before_memory(whole + pixels * eighths * eighths / 64 * 4);
  }
  reader.start(options.channels, eighths);
  DecodedImage decoded;
  decoded.orientation = reader.orientation();
  decoded.is_grey = reader.jpeg().jpeg_color_space == JCS_GRAYSCALE;
  decoded.image = Image(reader.jpeg().output_height, reader.jpeg().output_width, reader.jpeg().output_components);
  reader.read(decoded.image);
  if (!reader.is_cmyk()) return decoded;
  if (!reader.jpeg().saw_Adobe_marker) invert(decoded.image);
  decoded.image = from_inks(decoded.image, options.channels);
  return decoded;
}

}  // namespace convoy
