// The PNG decoder.
#include "datasets/image_decoders.h"
#include "framework/kernels/error.h"

#include <png.h>
#include <csetjmp>
#include <cstdio>
#include <cstring>

namespace gradus::data {
namespace {

// Where libpng reads, and what it said when it gave up.
struct Source {
  const unsigned char* data;
  std::size_t left;
  char message[200];
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* source = static_cast<Source*>(png_get_error_ptr(png));
  std::snprintf(source->message, sizeof source->message, "%s", message);
  png_longjmp(png, 1);
}

void on_warning(png_structp /*png*/, png_const_charp /*message*/) {}

void take_bytes(png_structp png, png_bytep to, std::size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->left) png_error(png, "it ends too early");
  std::memcpy(to, source->data, count);
  source->data += count;
  source->left -= count;
}

class Decoder {
 public:
  explicit Decoder(std::string_view bytes)
      : source_{reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), ""},
        png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, on_error, on_warning)),
        info_(png_ == nullptr ? nullptr : png_create_info_struct(png_)) {
    if (info_ != nullptr) return;
    png_destroy_read_struct(&png_, &info_, nullptr);
    throw MemoryError("there is no memory to decode it");
  }
  ~Decoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Plain data only, as all that a jump may leave.
  struct Header {
    png_uint_32 height, width;
    std::size_t row_bytes;  // first as it is packed in the file, then as it is read
    int channels;
  };

  // The header, and rows of 8 bits, gray or colours, from then on. False for an error.
  bool read_header(Header* header) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, &source_, take_bytes);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_image_size() does it
    png_read_info(png_, info_);
    header->height = png_get_image_height(png_, info_);
    header->width = png_get_image_width(png_, info_);
    header->row_bytes = png_get_rowbytes(png_, info_);
    const int colours = png_get_color_type(png_, info_);
    png_set_scale_16(png_);
    if (colours == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if (colours == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png_);
    png_set_strip_alpha(png_);
    return true;
  }

  // Of the rows to come. Libpng takes memory for a row here. False for an error.
  bool begin_rows(Header* header) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    header->row_bytes = png_get_rowbytes(png_, info_);
    header->channels = png_get_channels(png_, info_);
    return true;
  }

  // All pixels, and what stands behind them. False for an error.
  bool read_rows(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }

  [[noreturn]] void refuse() const {
    throw FileError(std::string("is no sound PNG file: ") + source_.message);
  }

 private:
  Source source_;
  png_structp png_;
  png_infop info_;
};

// Deflate shrinks by at most about 1032: a larger promise is a lie, and not worth its memory.
void check_promise(const Decoder::Header& header, std::size_t file_bytes) {
  if (header.row_bytes * header.height <= file_bytes * 1100 + 1024) return;
  throw FileError("is no sound PNG file: " + std::to_string(header.height) + " x " +
                  std::to_string(header.width) + " pixels are more than it can hold");
}

}  // namespace

Pixels decode_png(std::string_view bytes) {
  Decoder decoder(bytes);
  Decoder::Header header = {};
  if (!decoder.read_header(&header)) decoder.refuse();
  check_image_size(header.height, header.width);
  check_promise(header, bytes.size());
  if (!decoder.begin_rows(&header)) decoder.refuse();
  const auto channels = static_cast<std::size_t>(header.channels);
  if ((channels != 1 && channels != 3) || header.row_bytes != header.width * channels) {
    throw FileError("is a PNG file of an unknown form");
  }
  Pixels pixels = {header.height, header.width, header.channels};
  pixels.values.resize(header.row_bytes * header.height);
  std::vector<png_bytep> rows(header.height);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rows[r] = pixels.values.data() + r * header.row_bytes;
  }
  if (!decoder.read_rows(rows.data())) decoder.refuse();
  return pixels;
}

}  // namespace gradus::data
