// The safetensors format: what is written reads back, also with a reader that shares no code; and
// nothing but a sound file is read.
#include "framework/train/safetensors.h"
#include <gtest/gtest.h>
#include "framework/tensor/creation.h"

#include <cstring>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using test::TempDir;

std::string raw_bytes(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.raw().data), tensor.nbytes()};
}

// A file of this header and data.
std::string file_of(const std::string& header, const std::string& data = "") {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

SafetensorsFile read_bytes(const std::string& bytes) {
  return parse_safetensors(bytes, "file.safetensors");
}

std::string written_bytes(const SafetensorsFile& content) {
  const TempDir folder;
  write_safetensors(folder / "file.safetensors", content);
  return test::read_text(folder / "file.safetensors");
}

// Every dtype, no dims, no elements, memory that is not dense.
SafetensorsFile variety() {
  SafetensorsFile content;
  content.metadata = {{"format", "pt"}, {"with \"quotes\"", "and\nlines, \xc3\xa4"}};
  int count = 0;
  for (const DType dtype : {kBool, kUInt8, kInt64, kBFloat16, kFloat32, kFloat64}) {
    const std::string name = "t" + std::to_string(count++);
    content.tensors.push_back({name, tensor({{1, 0, 3}, {4, 5, 0}}).to(dtype)});
    content.tensors.push_back({name + ".empty", zeros({2, 0, 3}, dtype)});
    content.tensors.push_back({name + ".scalar", full({}, 1, dtype)});
  }
  content.tensors.push_back({"transposed", tensor({{1.5, 2.5, 3.5}, {4, 5, 6}}).t()});
  return content;
}

TEST(Safetensors, round_trip) {
  const SafetensorsFile content = variety();
  const SafetensorsFile again = read_bytes(written_bytes(content));
  EXPECT_EQ(again.metadata, content.metadata);
  ASSERT_EQ(again.tensors.size(), content.tensors.size());
  for (const auto& [name, tensor] : content.tensors) {
    const auto same = std::find_if(again.tensors.begin(), again.tensors.end(),
                                   [&](const nn::NamedTensor& each) { return each.name == name; });
    ASSERT_NE(same, again.tensors.end()) << name;
    EXPECT_EQ(same->tensor.dtype(), tensor.dtype()) << name;
    EXPECT_EQ(same->tensor.sizes(), tensor.sizes()) << name;
    EXPECT_EQ(raw_bytes(same->tensor), raw_bytes(tensor.contiguous())) << name;
  }
}

// The values that NumPy gives these bits.
TEST(Safetensors, dtypes_that_are_not_here_are_read_as_wider_ones) {
  const std::string data("\x00\x3c\x66\xae\x01\x00\x00\x7c\x00\xfc\x01\x7e\x80\x7f\x00\x80", 16);
  const auto read = [&](const std::string& dtype, const std::string& shape) {
    return read_bytes(file_of(R"({"a": {"dtype": ")" + dtype + R"(", "shape": )" + shape +
                                  R"(, "data_offsets": [0, 16]}})",
                              data));
  };
  const SafetensorsFile halves = read("F16", "[8]");
  EXPECT_EQ(halves.stored_as.at("a"), "F16");
  const auto values = halves.tensors[0].tensor.to_vector<double>();
  EXPECT_EQ(halves.tensors[0].tensor.dtype(), kFloat32);
  EXPECT_EQ(
      std::vector<double>(values.begin(), values.begin() + 5),
      (std::vector<double>{1, -0.0999755859375, 5.9604644775390625e-08, INFINITY, -INFINITY}));
  EXPECT_TRUE(std::isnan(values[5]));
  const auto integers = [&](const std::string& dtype, const std::string& shape) {
    return read(dtype, shape).tensors[0].tensor.to_vector<std::int64_t>();
  };
  EXPECT_EQ(integers("I8", "[16]")[3], -82);
  EXPECT_EQ(integers("I16", "[2, 4]")[1], -20890);
  EXPECT_EQ(integers("U16", "[8]")[1], 44646);
  EXPECT_EQ(integers("I32", "[4]")[3], -2147451008);
  EXPECT_EQ(integers("U32", "[4]")[3], 2147516288);
  EXPECT_EQ(read("U32", "[4]").tensors[0].tensor.dtype(), kInt64);
}

TEST(Safetensors, nothing_is_a_file_too) {
  EXPECT_TRUE(read_bytes(written_bytes({})).tensors.empty());
  EXPECT_TRUE(read_bytes(file_of("{}")).tensors.empty());
}

// Reads the format as its description says, with none of Gradus's reader.
TEST(Safetensors, files_are_what_the_format_says) {
  const std::string bytes = written_bytes(variety());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0U);
  const auto header = test::parse_json(bytes.substr(8, length));
  const std::string data = bytes.substr(8 + length);
  EXPECT_EQ(header["__metadata__"]["format"], "pt");
  std::map<std::string, std::size_t> widths = {{"BOOL", 1}, {"U8", 1},  {"I64", 8},
                                               {"BF16", 2}, {"F32", 4}, {"F64", 8}};
  std::map<std::size_t, std::size_t> ranges;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const std::size_t begin = entry["data_offsets"][0];
    const std::size_t end = entry["data_offsets"][1];
    std::size_t expected = widths.at(entry["dtype"]);
    EXPECT_EQ(begin % expected, 0U) << name << " is not aligned";
    for (const std::size_t size : entry["shape"]) expected *= size;
    EXPECT_EQ(end - begin, expected) << name;
    if (end > begin) ranges[begin] = end;
  }
  std::size_t covered = 0;
  for (const auto& [begin, end] : ranges) EXPECT_EQ(begin, std::exchange(covered, end));
  EXPECT_EQ(covered, data.size());
  float numbers[6] = {};
  const std::size_t at = header["transposed"]["data_offsets"][0];
  std::memcpy(numbers, data.data() + at, sizeof numbers);
  EXPECT_EQ(std::vector<float>(numbers, numbers + 6), (std::vector<float>{1.5, 4, 2.5, 5, 3.5, 6}));
}

TEST(Safetensors, the_writer_refuses_names_that_could_not_be_read) {
  const Tensor one = ones({1});
  EXPECT_THROW(written_bytes({{{"a", one}, {"a", one}}, {}}), ValueError);
  EXPECT_THROW(written_bytes({{{"__metadata__", one}}, {}}), ValueError);
  EXPECT_THROW(written_bytes({{{"\xff", one}}, {}}), ValueError);
  EXPECT_THROW(written_bytes({{}, {{"key", "\xff"}}}), ValueError);
}

TEST(Safetensors, the_writer_leaves_the_old_file_or_none_when_it_fails) {
  const TempDir folder;
  const auto path = folder / "file.safetensors";
  EXPECT_THROW(write_safetensors(folder / "no" / "file", {}), FileError);
  write_safetensors(path, {{{"a", ones({1})}}, {}});
  EXPECT_THROW(write_safetensors(path, {{{"\xff", ones({1})}}, {}}), Error);
  EXPECT_EQ(read_safetensors(path).tensors.size(), 1U);
  const std::filesystem::directory_iterator files(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(Safetensors, every_truncation_is_refused) {
  const std::string whole = written_bytes(variety());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(read_bytes(whole.substr(0, length)), FileError) << length;
  }
  EXPECT_THROW(read_bytes(whole + '\0'), FileError);
}

TEST(Safetensors, every_unsound_header_is_refused_with_the_reason) {
  const std::string data(8, '\0');
  const auto one = [](const std::string& dtype, const std::string& shape,
                      const std::string& offsets) {
    return R"({"a": {"dtype": )" + dtype + R"(, "shape": )" + shape + R"(, "data_offsets": )" +
           offsets + "}}";
  };
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": )" + first +
           R"(}, "b": {"dtype": "U8", "shape": [4], "data_offsets": )" + second + "}}";
  };
  const std::pair<std::string, const char*> cases[] = {
      {one(R"("F32")", "[2]", "[0, 4]"), "does not fill"},
      {one(R"("F32")", "[3]", "[0, 8]"), "does not fill"},
      {one(R"("F32")", "[1]", "[4, 8]"), "overlap or leave a gap"},
      {one(R"("F32")", "[1]", "[0, 4]"), "fill 4 of 8 bytes"},
      {one(R"("F32")", "[4]", "[0, 16]"), "in 8 bytes of data"},
      {one(R"("F32")", "[2]", "[8, 0]"), "in 8 bytes of data"},
      {one(R"("F32")", "[2]", "[-8, 0]"), "no pair of offsets"},
      {one(R"("F32")", "[2]", "[0, 8.0]"), "no pair of offsets"},
      {one(R"("F32")", "[2]", "[0, 8, 8]"), "no pair of offsets"},
      {one(R"("F32")", "[2]", "8"), "no pair of offsets"},
      {one(R"("F33")", "[2]", "[0, 8]"), "dtype \"F33\" is unknown"},
      {one("7", "[2]", "[0, 8]"), "dtype 7 is unknown"},
      {one(R"("F32")", "2", "[0, 8]"), "no list of at most 8 sizes"},
      {one(R"("F32")", "[-2]", "[0, 8]"), "no list of at most 8 sizes"},
      {one(R"("F32")", "[2.0]", "[0, 8]"), "no list of at most 8 sizes"},
      {one(R"("F32")", "[1,1,1,1,1,1,1,1,2]", "[0, 8]"), "no list of at most 8 sizes"},
      {one(R"("F32")", "[9223372036854775808]", "[0, 8]"), "no list of at most 8 sizes"},
      {one(R"("F32")", "[4611686018427387906]", "[0, 8]"), "does not fill"},
      {one(R"("U8")", "[4294967296, 4294967296]", "[0, 0]"), "does not fill"},
      {one(R"("U8")", "[0, 4611686018427387904, 4]", "[0, 0]"), "does not fill"},
      {two("[0, 4]", "[0, 4]"), "overlap"},
      {two("[0, 4]", "[2, 6]"), "overlap"},
      {R"({"a": {"dtype": "U8", "shape": [8]}})", "expected dtype, shape and data_offsets"},
      {R"({"a": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8], "x": 1}})", "expected dtype"},
      {R"({"a": 1})", "expected dtype"},
      {R"({"a": 1, "a": 1})", "stands twice"},
      {R"({"__metadata__": 1})", "__metadata__ is no object"},
      {R"({"__metadata__": {"a": 1}})", "is no string"},
      {"[]", "no JSON object"},
      {"", "no valid JSON"},
      {"{\"\xff\": 1}", "no valid JSON"},
      {R"({"\ud800": 1})", "no valid JSON"},
      {R"({"a": )" + std::string(100'000, '['), "nested too deeply"},
  };
  for (const auto& [header, reason] : cases) {
    const std::string said =
        test::message_of<FileError>([&] { read_bytes(file_of(header, data)); });
    EXPECT_NE(said.find(reason), std::string::npos) << header.substr(0, 100) << ": " << said;
    EXPECT_NE(said.find("file.safetensors"), std::string::npos) << said;
  }
  EXPECT_NO_THROW(read_bytes(file_of(one(R"("F32")", "[2]", "[0, 8]"), data)));
  EXPECT_NO_THROW(read_bytes(file_of(two("[4, 8]", "[0, 4]"), data)));
  EXPECT_THROW(read_bytes(file_of(one(R"("BOOL")", "[1]", "[0, 1]"), "\2")), FileError);
}

TEST(Safetensors, header_lengths_that_lie_are_refused) {
  const std::string text = "{}      ";
  for (const std::uint64_t length : {std::uint64_t{9}, std::uint64_t{100'000'001}, UINT64_MAX,
                                     UINT64_MAX - 7, std::uint64_t{1} << 63U}) {
    std::string file = file_of(text);
    std::memcpy(file.data(), &length, sizeof length);
    EXPECT_THROW(read_bytes(file), FileError) << length;
  }
  EXPECT_THROW(read_safetensors("/no/such/file"), FileError);
  EXPECT_THROW(read_safetensors("/"), FileError);
}

// Files of other programs have no checksums.
TEST(Safetensors, no_flipped_byte_is_read_beyond_its_tensor) {
  const std::string whole = file_of(R"({"__metadata__": {"key": "v"},
                  "first": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                  "flag": {"dtype": "BOOL", "shape": [1], "data_offsets": [8, 9]}})",
                                    std::string("\0\0\x80\x3f\0\0\0\x40\1", 9));
  int loaded = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      try {
        const SafetensorsFile file = read_bytes(flipped);
        ++loaded;
        std::size_t bytes = 0;
        for (const auto& each : file.tensors) bytes += each.tensor.nbytes();
        EXPECT_EQ(bytes, 9U) << i;
      } catch (const FileError&) {  // the other answer that is right
      }
    }
  }
  EXPECT_GE(loaded, 8 * 8);                                   // the floats may change
  EXPECT_LT(loaded, static_cast<int>(whole.size()) * 8 / 2);  // most of the header may not
}

TEST(Safetensors, checksums_are_both_there_or_not) {
  const auto with = [](const std::string& metadata) {
    return test::message_of<FileError>(
        [&] { read_bytes(file_of(R"({"__metadata__": {)" + metadata + "}}")); });
  };
  EXPECT_EQ(with(""), "no such error");
  const std::string one = "only one of its two kinds of checksums is there";
  EXPECT_NE(with(R"("gradus_xxh3": "{}")").find(one), std::string::npos);
  EXPECT_NE(with(R"("gradus_header_xxh3": "0123456789abcdef")").find(one), std::string::npos);
  for (const char* digits : {"0123456789abcdef", "", "0", "0123456789abcdef0"}) {
    const std::string said =
        with(R"("gradus_xxh3": "{}", "gradus_header_xxh3":")" + std::string(digits) + "\"");
    EXPECT_NE(said.find("the header is not what was written"), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace gradus
