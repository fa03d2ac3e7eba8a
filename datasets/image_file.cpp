#include "datasets/image_file.h"
#include "datasets/image_decoders.h"
#include "datasets/image_resize.h"
#include "framework/kernels/parallel.h"
#include "framework/train/file.h"

#include <algorithm>
#include <cctype>

namespace gradus::data {
namespace {

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kJpegSignature = "\xFF\xD8\xFF";

Pixels decode(std::string_view bytes) {
  if (bytes.starts_with(kPngSignature)) return decode_png(bytes);
  if (bytes.starts_with(kJpegSignature)) return decode_jpeg(bytes);
  throw FileError("is neither a PNG nor a JPEG file");
}

// ITU-R 601-2 in 16 bits, rounded: the same bits as Pillow's.
std::uint8_t luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] * 19595U + rgb[1] * 38470U + rgb[2] * 7471U + 0x8000U) >>
                                   16U);
}

Tensor as_planes(const Pixels& pixels, std::int64_t channels) {
  const Tensor image({channels, pixels.height, pixels.width}, kUInt8);
  const std::int64_t count = pixels.height * pixels.width;
  auto* to = image.data_ptr<std::uint8_t>();
  const std::uint8_t* from = pixels.values.data();
  if (channels == 1 && pixels.channels == 3) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = luma(from + 3 * i);
    return image;
  }
  for (std::int64_t c = 0; c < channels; ++c, to += count) {
    const std::uint8_t* value = from + (pixels.channels == 1 ? 0 : c);
    for (std::int64_t i = 0; i < count; ++i) to[i] = value[i * pixels.channels];
  }
  return image;
}

}  // namespace

void check_image_size(std::int64_t height, std::int64_t width) {
  if (height >= 1 && width >= 1 && height <= kMostPixels / width) return;
  throw FileError("it says that it has " + std::to_string(height) + " x " + std::to_string(width) +
                  " pixels; images have at least 1 and at most " + std::to_string(kMostPixels));
}

Tensor decode_image(std::string_view bytes, const std::string& name, std::int64_t channels) {
  if (channels != 1 && channels != 3) {
    throw ValueError("images have 1 or 3 channels, not " + std::to_string(channels));
  }
  try {
    return as_planes(decode(bytes), channels);
  } catch (Error& error) {
    error.prepend(name);
    throw;
  }
}

Tensor read_image(const std::filesystem::path& path, std::int64_t channels) {
  return decode_image(read_file(path), path.string(), channels);
}

bool has_image_ending(const std::filesystem::path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

Tensor read_image_files(const std::vector<std::filesystem::path>& files, std::int64_t channels,
                        const Shape& size) {
  const auto read = [&](const std::filesystem::path& file) {
    const Tensor image = read_image(file, channels);
    return size.empty() ? image : resize_image(image, size[0], size[1]);
  };
  const Tensor first = read(files.front());
  Shape sizes = first.sizes();
  sizes.insert(0, std::ssize(files));
  const Tensor images(sizes, kUInt8);
  const std::int64_t bytes = first.numel();
  kernels::parallel_for(std::ssize(files), [&](std::int64_t i) {
    const std::filesystem::path& file = files[static_cast<std::size_t>(i)];
    const Tensor image = i == 0 ? first : read(file);
    if (!(image.sizes() == first.sizes())) {
      throw FileError(file.string() + ": an image " + to_string(image.sizes()) + ", but " +
                      files.front().string() + " is " + to_string(first.sizes()) +
                      "; set \"size\" to resize them");
    }
    std::copy_n(image.data_ptr<std::uint8_t>(), bytes, images.data_ptr<std::uint8_t>() + i * bytes);
  });
  return images;
}

std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator iterator(folder, error);
  if (error) throw FileError("cannot read the folder " + folder.string() + ": " + error.message());
  std::vector<std::filesystem::path> entries;
  for (const std::filesystem::directory_entry& each : iterator) {
    if (!each.path().filename().string().starts_with('.')) entries.push_back(each.path());
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.native() < b.native(); });
  return entries;
}

}  // namespace gradus::data
