// write_png and image_grid, against a reader of PNG files that knows zlib alone.
#include "framework/train/png.h"
#include <gtest/gtest.h>
#include <zlib.h>
#include "framework/ops/arithmetic.h"
#include "framework/ops/rearrangement.h"
#include "framework/tensor/creation.h"

#include <cmath>
#include <limits>

#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using test::message_of;
using Bytes = std::vector<int>;

std::uint32_t number(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    value = value << 8U | static_cast<unsigned char>(bytes.at(i));
  }
  return value;
}

// A PNG file of 8 bits, not interlaced, by the letter of the specification.
struct PngFile {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int samples = 0;
  Bytes values{};

  explicit PngFile(const std::filesystem::path& path) {
    const std::string file = test::read_text(path);
    EXPECT_EQ(file.substr(0, 8), "\x89PNG\r\n\x1a\n");
    std::string packed;
    std::string kind;
    for (std::size_t at = 8; at < file.size(); at += number(file, at) + 12) {
      const std::uint32_t size = number(file, at);
      kind = file.substr(at + 4, 4);
      const std::string data = file.substr(at + 8, size);
      const auto* checked = reinterpret_cast<const Bytef*>(file.data() + at + 4);
      EXPECT_EQ(::crc32(0, checked, size + 4), number(file, at + 8 + size)) << kind;
      if (kind == "IHDR") read_header(data);
      if (kind == "IDAT") packed += data;
    }
    EXPECT_EQ(kind, "IEND");
    unpack(packed);
  }

 private:
  void read_header(const std::string& data) {
    width = number(data, 0);
    height = number(data, 4);
    EXPECT_EQ(data[8], 8);
    EXPECT_TRUE(data[9] == 0 || data[9] == 2);
    samples = data[9] == 0 ? 1 : 3;
    EXPECT_EQ(data[12], 0);
  }

  void unpack(const std::string& packed) {
    const std::size_t row = width * static_cast<std::size_t>(samples);
    std::vector<Bytef> raw((row + 1) * height);
    uLongf size = raw.size();
    ASSERT_EQ(::uncompress(raw.data(), &size, reinterpret_cast<const Bytef*>(packed.data()),
                           packed.size()),
              Z_OK);
    ASSERT_EQ(size, raw.size());
    const auto at = [&](std::size_t y, std::size_t x, std::size_t back) {
      return x < back ? 0 : values[y * row + x - back];
    };
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < row; ++x) {
        const int left = at(y, x, static_cast<std::size_t>(samples));
        const int up = y == 0 ? 0 : at(y - 1, x, 0);
        const int corner = y == 0 ? 0 : at(y - 1, x, static_cast<std::size_t>(samples));
        const int predicted[] = {0, left, up, (left + up) / 2, paeth(left, up, corner)};
        values.push_back((raw[y * (row + 1) + 1 + x] + predicted[raw[y * (row + 1)]]) & 0xFF);
      }
    }
  }

  static int paeth(int a, int b, int c) {
    const int p = a + b - c;
    const int pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
  }
};

TEST(WritePng, keeps_gray_and_colours) {
  const test::TempDir folder;
  const Tensor colours = randint(256, {3, 9, 14}, kUInt8);
  write_png(folder / "colours.png", colours);
  const PngFile file(folder / "colours.png");
  EXPECT_EQ(file.width, 14U);
  EXPECT_EQ(file.height, 9U);
  EXPECT_EQ(file.samples, 3);
  EXPECT_EQ(file.values, colours.permute({1, 2, 0}).to_vector<int>());
  for (const Shape& sizes : {Shape{5, 3}, Shape{1, 5, 3}}) {
    const Tensor gray = randint(256, sizes, kUInt8);
    write_png(folder / "gray.png", gray);
    EXPECT_EQ(PngFile(folder / "gray.png").values, gray.to_vector<int>());
  }
}

TEST(WritePng, rounds_and_clamps_shares) {
  const test::TempDir folder;
  const float infinity = std::numeric_limits<float>::infinity();
  write_png(folder / "a.png", tensor({{-1.0, 0.0, 0.5, 1.0, 2.0, 0.0019, 0.0020}}));
  EXPECT_EQ(PngFile(folder / "a.png").values, (Bytes{0, 0, 128, 255, 255, 0, 1}));
  write_png(folder / "b.png", tensor({{-infinity, infinity}}));
  EXPECT_EQ(PngFile(folder / "b.png").values, (Bytes{0, 255}));
  write_png(folder / "c.png", tensor({{0.5, 1.0}}, kFloat64).requires_grad_(true));
  EXPECT_EQ(PngFile(folder / "c.png").values, (Bytes{128, 255}));
}

TEST(WritePng, refuses_what_is_no_picture) {
  const test::TempDir folder;
  const auto refusal = [&](const Tensor& image) {
    return message_of<Error>([&] { write_png(folder / "a.png", image); });
  };
  EXPECT_NE(refusal(zeros({2, 4, 4})).find("got [2, 4, 4]"), std::string::npos);
  EXPECT_NE(refusal(zeros({0, 4})).find("got [0, 4]"), std::string::npos);
  EXPECT_NE(refusal(zeros({4, 4}, kInt64)).find("int64"), std::string::npos);
  EXPECT_NE(refusal(full({1, 1}, std::nan(""))).find("NaN"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "a.png"));
}

// As torchvision.utils.make_grid lays them.
TEST(ImageGrid, lays_images_side_by_side) {
  const Tensor images = (arange(3 * 2 * 2) + 1).to(kFloat32).reshape({3, 1, 2, 2});
  const Tensor grid = image_grid(images, 2, 1, -1);
  const Tensor expected = tensor({{-1, -1, -1, -1, -1, -1, -1},
                                  {-1, 1, 2, -1, 5, 6, -1},
                                  {-1, 3, 4, -1, 7, 8, -1},
                                  {-1, -1, -1, -1, -1, -1, -1},
                                  {-1, 9, 10, -1, -1, -1, -1},
                                  {-1, 11, 12, -1, -1, -1, -1},
                                  {-1, -1, -1, -1, -1, -1, -1}});
  EXPECT_EQ(grid.sizes(), (Shape{1, 7, 7}));
  EXPECT_EQ(grid.to_vector<int>(), expected.to_vector<int>());
  EXPECT_EQ(image_grid(images).sizes(), (Shape{1, 6, 14}));
  EXPECT_EQ(image_grid(images, 8, 0).sizes(), (Shape{1, 2, 6}));
  EXPECT_EQ(image_grid(zeros({1, 3, 4, 5}, kUInt8)).sizes(), (Shape{3, 8, 9}));
  EXPECT_EQ(image_grid(zeros({1, 3, 4, 5}, kUInt8)).dtype(), kUInt8);
  EXPECT_THROW((void)image_grid(zeros({3, 4, 5})), ShapeError);
  EXPECT_THROW((void)image_grid(zeros({0, 1, 4, 5})), ShapeError);
  EXPECT_THROW((void)image_grid(images, 0), ValueError);
  EXPECT_THROW((void)image_grid(images, 1, -1), ValueError);
}

}  // namespace
}  // namespace gradus
