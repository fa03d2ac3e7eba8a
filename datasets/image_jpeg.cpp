// The JPEG decoder.
#include "datasets/image_decoders.h"
#include "framework/kernels/error.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include <jpeglib.h>

#include <jerror.h>

namespace gradus::data {
namespace {

// Each scan of a progressive file costs a pass over all pixels, however few bytes it has.
constexpr int kMostScans = 500;

// So many pixels are worth their memory, whatever the file.
constexpr std::uint64_t kFewPixels = 1U << 20U;

// Libjpeg knows the first member alone.
struct Errors {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void give_up(j_common_ptr info) {
  auto* errors = reinterpret_cast<Errors*>(info->err);
  errors->base.format_message(info, errors->message);
  std::longjmp(errors->jump, 1);
}

// Libjpeg warns and goes on where data is missing or broken. Stray bytes between markers do no
// harm.
void on_message(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code != JWRN_EXTRANEOUS_DATA) give_up(info);
}

void count_scans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMostScans) return;
  auto* errors = reinterpret_cast<Errors*>(info->err);
  std::snprintf(errors->message, sizeof errors->message, "it has more than %d scans", kMostScans);
  std::longjmp(errors->jump, 1);
}

class Decoder {
 public:
  Decoder() : errors_{}, info_{}, progress_{} {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = give_up;
    errors_.base.emit_message = on_message;
    progress_.progress_monitor = count_scans;
  }
  ~Decoder() { jpeg_destroy_decompress(&info_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // These three give false for an error. They hold plain data only, as all that a jump may leave.
  bool read_header(const char* bytes, unsigned long count) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes), count);
    jpeg_read_header(&info_, TRUE);
    return true;
  }
  bool start() {
    if (setjmp(errors_.jump) != 0) return false;
    info_.out_color_space = info_.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&info_);
    return true;
  }
  bool read_rows(unsigned char* to) {
    if (setjmp(errors_.jump) != 0) return false;
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = to + static_cast<std::size_t>(info_.output_scanline) * info_.output_width *
                              static_cast<unsigned>(info_.output_components);
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  [[nodiscard]] const jpeg_decompress_struct& info() const { return info_; }
  [[noreturn]] void refuse() const {
    throw FileError(std::string("is no sound JPEG file: ") + errors_.message);
  }

 private:
  Errors errors_;
  jpeg_decompress_struct info_;
  jpeg_progress_mgr progress_;
};

// A block of 64 pixels takes a bit, by Huffman's codes: a larger promise is a lie, and not worth
// its memory. Arithmetic codes may take less, but then of a large image that shows nothing.
void check_promise(const jpeg_decompress_struct& info, std::size_t file_bytes) {
  const std::uint64_t pixels = std::uint64_t{info.image_height} * info.image_width;
  if (pixels <= std::uint64_t{file_bytes} * 8 * 64 + kFewPixels) return;
  throw FileError("is no sound JPEG file: " + std::to_string(info.image_height) + " x " +
                  std::to_string(info.image_width) + " pixels are more than it can hold");
}

}  // namespace

Pixels decode_jpeg(std::string_view bytes) {
  Decoder decoder;
  if (!decoder.read_header(bytes.data(), bytes.size())) decoder.refuse();
  const jpeg_decompress_struct& info = decoder.info();
  check_image_size(info.image_height, info.image_width);
  check_promise(info, bytes.size());
  const bool has_colours = info.jpeg_color_space == JCS_YCbCr || info.jpeg_color_space == JCS_RGB;
  if (!has_colours && info.jpeg_color_space != JCS_GRAYSCALE) {
    throw FileError(
        "is a JPEG file in CMYK or another space of colours; convert it to RGB or gray first");
  }
  if (!decoder.start()) decoder.refuse();
  Pixels pixels = {info.output_height, info.output_width, info.output_components};
  if (pixels.channels != (has_colours ? 3 : 1)) {
    throw FileError("is a JPEG file of an unknown form");
  }
  pixels.values.resize(static_cast<std::size_t>(pixels.height * pixels.width * pixels.channels));
  if (!decoder.read_rows(pixels.values.data())) decoder.refuse();
  return pixels;
}

}  // namespace gradus::data
