// Image files: what Pillow and a few lines of Python wrote (tests/golden/data/images.json), and
// what becomes of broken ones.
#include "datasets/image_file.h"
#include <gtest/gtest.h>
#include "datasets/image_resize.h"
#include "framework/tensor/creation.h"

#include <random>

#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

using test::message_of;

const Json& images() {
  static const Json json = golden::load("data/images.json");
  return json;
}

std::string bytes_of(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string file(const std::string& name) {
  for (const Json& each : images()["files"]) {
    if (each["name"] == name) return bytes_of(each["bytes"]);
  }
  throw ValueError("no file " + name);
}

TEST(ImageFile, is_what_pillow_reads) {
  EXPECT_GT(images()["files"].size(), 25U);
  for (const Json& each : images()["files"]) {
    SCOPED_TRACE(each["name"].get<std::string>());
    const std::string bytes = bytes_of(each["bytes"]);
    // Versions of libjpeg may round differently.
    const bool exact = each["name"].get<std::string>().starts_with("png");
    const golden::Tolerance tolerance = {0, exact ? 0.0 : 2.0};
    const Tensor gray = decode_image(bytes, "file", 1);
    EXPECT_EQ(gray.dtype(), kUInt8);
    golden::expect_close(gray, golden::tensor_of(each["gray"]), tolerance);
    golden::expect_close(decode_image(bytes, "file", 3), golden::tensor_of(each["colours"]),
                         tolerance);
  }
}

TEST(ImageFile, is_read_from_the_disk) {
  const test::TempDir folder;
  test::write_text(folder / "a.png", file("png_rgb"));
  EXPECT_EQ(read_image(folder / "a.png", 3).to_vector<int>(),
            decode_image(file("png_rgb"), "file", 3).to_vector<int>());
  const std::string missing = message_of<FileError>([&] { (void)read_image(folder / "b.png", 3); });
  EXPECT_NE(missing.find("b.png"), std::string::npos) << missing;
}

TEST(ImageFile, of_another_kind_is_refused) {
  for (const Json& each : images()["refused"]) {
    const std::string message =
        message_of<FileError>([&] { (void)decode_image(bytes_of(each["bytes"]), "some.file", 3); });
    EXPECT_TRUE(message.starts_with("some.file: ")) << message;
    EXPECT_NE(message.find(each["message"].get<std::string>()), std::string::npos) << message;
  }
  EXPECT_EQ(message_of<FileError>([] { (void)decode_image("", "empty.png", 3); }),
            "empty.png: is neither a PNG nor a JPEG file");
  EXPECT_EQ(message_of<ValueError>([] { (void)decode_image(file("png_rgb"), "a", 2); }),
            "images have 1 or 3 channels, not 2");
}

// However short it is cut.
TEST(ImageFile, that_is_truncated_is_refused) {
  for (const Json& each : images()["files"]) {
    const std::string whole = bytes_of(each["bytes"]);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::string message = message_of<FileError>(
          [&] { (void)decode_image(std::string_view(whole).substr(0, size), "cut.file", 3); });
      ASSERT_TRUE(message.starts_with("cut.file: "))
          << each["name"] << " cut to " << size << " of " << whole.size() << ": " << message;
    }
  }
}

// Random damage: an error, or an image of sane size, but nothing else. (JPEG has no checksums.)
TEST(ImageFile, that_is_damaged_does_no_harm) {
  std::mt19937 random(1);
  int refused = 0;
  for (const Json& each : images()["files"]) {
    const std::string whole = bytes_of(each["bytes"]);
    for (int i = 0; i < 200; ++i) {
      std::string damaged = whole;
      for (int k = 0; k < 1 + i % 3; ++k) {
        damaged[8 + random() % (damaged.size() - 8)] = static_cast<char>(random());
      }
      try {
        const Tensor image = decode_image(damaged, "damaged", 3);
        EXPECT_LE(image.numel(), 3 * kMostPixels);
      } catch (const FileError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 4000);
}

// The sizes of a PNG's header, with a checksum that is right.
std::string with_size(std::string png, std::uint32_t width, std::uint32_t height) {
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) {
      png[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (24 - 8 * i));
    }
  };
  put(16, width);
  put(20, height);
  std::uint32_t checksum = 0xFFFFFFFF;
  for (std::size_t i = 12; i < 29; ++i) {
    checksum ^= static_cast<unsigned char>(png[i]);
    for (int bit = 0; bit < 8; ++bit) {
      checksum = (checksum >> 1U) ^ ((checksum & 1U) != 0 ? 0xEDB88320U : 0U);
    }
  }
  put(29, ~checksum);
  return png;
}

TEST(ImageFile, takes_no_memory_for_sizes_that_are_lies) {
  const std::string png = file("png_rgb");
  EXPECT_EQ(decode_image(with_size(png, 7, 5), "same", 3).sizes(), (Shape{3, 5, 7}));
  const auto refusal = [&](std::uint32_t width, std::uint32_t height) {
    return message_of<FileError>(
        [&] { (void)decode_image(with_size(png, width, height), "big", 3); });
  };
  EXPECT_EQ(refusal(0x7FFFFFFF, 0x7FFFFFFF),
            "big: it says that it has 2147483647 x 2147483647 pixels; images have at least 1 and "
            "at most 67108864");
  EXPECT_NE(refusal(8192, 8192).find("more than it can hold"), std::string::npos);
  const Json& large = images()["large"][0];
  const std::int64_t side = large["side"];
  const Tensor one_colour = decode_image(bytes_of(large["bytes"]), "large", 3);
  EXPECT_EQ(one_colour.sizes(), (Shape{3, side, side}));
  EXPECT_EQ(one_colour.select(0, 2).to(kInt64).min().item<int>(), 252);
  EXPECT_EQ(one_colour.select(0, 0).to(kInt64).max().item<int>(), 250);
  std::string jpeg = file("jpeg_rgb");
  const std::size_t header = jpeg.find("\xFF\xC0");
  jpeg.replace(header + 5, 4, "\xFD\xE8\xFD\xE8");  // 65000 twice: libjpeg's own bound is higher
  const auto refusal_of_jpeg = [&] {
    return message_of<FileError>([&] { (void)decode_image(jpeg, "big", 3); });
  };
  EXPECT_NE(refusal_of_jpeg().find("at most 67108864"), std::string::npos);
  jpeg.replace(header + 5, 4, "\x1F\x40\x1F\x40");  // 8000 twice
  EXPECT_EQ(refusal_of_jpeg(),
            "big: is no sound JPEG file: 8000 x 8000 pixels are more than it can hold");
}

TEST(ResizeImage, gives_the_bits_of_pillow) {
  for (const Json& each : images()["resized"]) {
    const Tensor image = golden::tensor_of(each["image"]).to(kUInt8);
    const Tensor expected = golden::tensor_of(each["resized"]);
    const Tensor resized = resize_image(image, expected.size(1), expected.size(2));
    golden::expect_close(resized, expected, {0, 0});
  }
}

TEST(ResizeImage, keeps_what_is_even_and_refuses_what_is_no_image) {
  const Tensor even = full({3, 5, 4}, 77, kUInt8);
  EXPECT_EQ(resize_image(even, 2, 9).to_vector<int>(), std::vector<int>(3 * 2 * 9, 77));
  EXPECT_THROW((void)resize_image(even, 0, 3), ValueError);
  EXPECT_THROW((void)resize_image(zeros({3, 5, 4}), 2, 2), ShapeError);
  EXPECT_THROW((void)resize_image(zeros({5, 4}, kUInt8), 2, 2), ShapeError);
}

}  // namespace
}  // namespace gradus::data
