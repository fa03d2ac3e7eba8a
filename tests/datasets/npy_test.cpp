// npy and npz: arrays as NumPy wrote them, every fault refused by name, and the data sets on them.
#include "datasets/npy.h"
#include <gtest/gtest.h>
#include "framework/train/dataset.h"

#include <cmath>
#include <cstring>
#include <numeric>

#include "tests/support/golden.h"
#include "tests/support/npy_file.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

using test::message_of;
using test::npy_file;

std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

const std::string kHeader = "{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }";

std::string refusal(const std::string& bytes) {
  std::string message = message_of<FileError>([&] { parse_npy(bytes, "x.npy"); });
  EXPECT_TRUE(message.starts_with("x.npy: ")) << message;
  return message.substr(std::min<std::size_t>(7, message.size()));
}

DType expected_dtype(const Json& entry) {
  const auto kind = entry["kind"].get<std::string>();
  if (kind == "f") return entry["itemsize"] == 8 ? kFloat64 : kFloat32;
  if (kind == "b") return kBool;
  return kind == "u" && entry["itemsize"] == 1 ? kUInt8 : kInt64;
}

TEST(Npy, reads_what_numpy_writes) {
  const Json golden = golden::load("data/npy.json");
  int arrays = 0;
  for (const Json& each : golden["files"]) {
    if (!each.contains("array")) continue;
    const Tensor found = parse_npy(from_hex(each["hex"]), each["name"]);
    const Tensor expected = golden::tensor_of(each["array"]);
    EXPECT_EQ(found.dtype(), expected_dtype(each)) << each["name"];
    EXPECT_EQ(found.sizes(), expected.sizes()) << each["name"];
    EXPECT_TRUE(found.is_contiguous()) << each["name"];
    // float32 holds the values of an f2 or f4 exactly, and so does the float64 in the JSON.
    EXPECT_EQ(found.to_vector<double>(), expected.to_vector<double>()) << each["name"];
    ++arrays;
  }
  EXPECT_GE(arrays, 49);
}

TEST(Npy, refuses_headers_that_are_not_to_the_letter) {
  const std::string six(6, '\1');
  EXPECT_EQ(parse_npy(npy_file(kHeader, six), "x").to_vector<int>(),
            (std::vector<int>{257, 257, 257}));
  const std::pair<const char*, const char*> cases[] = {
      {"", "expected '{' at "},
      {"[]", "expected '{' at 0"},
      {"{}", "it needs 'descr', 'fortran_order' and 'shape'"},
      {"{'descr': '<i2', 'shape': (3,)}", "it needs 'descr', 'fortran_order' and 'shape'"},
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (3,), 'x': 1}", "unexpected key 'x'"},
      {"{'descr': '<i2', 'descr': '<i2', 'shape': (3,)}", "unexpected key 'descr'"},
      {"{'descr': [('a', '<i2')], 'fortran_order': False, 'shape': (3,)}",
       "structured arrays are not supported"},
      {"{'descr': <i2, 'fortran_order': False, 'shape': (3,)}", "expected a string at "},
      {"{'descr': '<i2, }", "a string does not end"},
      {"{'descr': '<i2', 'fortran_order': false, 'shape': (3,)}",
       "fortran_order is neither True nor False"},
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (3)}",
       "a shape of one size ends in a comma"},
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (-3,)}",
       "a size of the shape is no number"},
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (3L,)}", "expected ')' at "},
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,3)}",
       "more than 8 dims"},
      {"{'descr': '<i2', 'fortran_order': False, 'shape': (3,)} x", "text behind its dict"},
      {"{'descr': '<i2' 'fortran_order': False, 'shape': (3,)}", "expected '}' at "},
  };
  for (const auto& [header, expected] : cases) {
    const std::string message = refusal(npy_file(header, six));
    EXPECT_TRUE(message.starts_with(std::string("no sound .npy header: ") + expected))
        << header << ": " << message;
  }
}

TEST(Npy, refuses_types_sizes_and_bytes_that_do_not_fit) {
  for (const char* descr :
       {"<c8", "|O", "<U3", "|S2", "i2", "=i2", "<b2", "|i2", "", "<", "<f16"}) {
    const std::string header =
        std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (3,), }";
    EXPECT_EQ(refusal(npy_file(header, "123456")),
              std::string("elements of type '") + descr +
                  "', expected booleans, integers or floating numbers such as '<f4'");
  }
  EXPECT_EQ(refusal(npy_file(kHeader, "12345")),
            "5 bytes of elements, but shape [3] of '<i2' takes 6");
  EXPECT_EQ(refusal(npy_file(kHeader, "1234567")),
            "7 bytes of elements, but shape [3] of '<i2' takes 6");
  EXPECT_EQ(refusal(npy_file("{'descr': '<i2', 'fortran_order': True, 'shape': (4294967296, "
                             "4294967296), }",
                             "")),
            "shape [4294967296, 4294967296] is larger than any file");
  EXPECT_EQ(refusal(npy_file("{'descr': '|b1', 'fortran_order': True, 'shape': (0, 4294967296, "
                             "4294967296), }",
                             "")),
            "shape [0, 4294967296, 4294967296] is larger than any file");
  EXPECT_EQ(refusal(npy_file("{'descr': '|b1', 'fortran_order': True, 'shape': (1,), }", "\2")),
            "a bool is neither 0 nor 1");
  EXPECT_EQ(refusal(npy_file("{'descr': '<u8', 'fortran_order': True, 'shape': (1,), }",
                             std::string(8, '\xFF'))),
            "a u8 is too large for int64");
  std::string other = npy_file(kHeader, "123456");
  other[6] = 4;
  EXPECT_EQ(refusal(other), "no sound .npy file: version 4.0, expected 1.0, 2.0 or 3.0");
  EXPECT_EQ(refusal("PK\3\4 and so on"), "no sound .npy file: wrong magic number");
}

TEST(Npy, refuses_every_truncation) {
  const std::string whole = npy_file(kHeader, "123456");
  for (std::size_t length = 0; length < whole.size(); ++length) refusal(whole.substr(0, length));
}

TEST(Npy, refuses_what_is_no_file) {
  EXPECT_THROW(read_npy("/no/such/file.npy"), FileError);
  EXPECT_THROW(read_npz("/no/such/file.npz", "x"), FileError);
}

std::string archive(const std::string& name) {
  const Json golden = golden::load("data/npy.json");
  for (const Json& each : golden["files"]) {
    if (each["name"] == name) return from_hex(each["hex"]);
  }
  return {};
}

TEST(Npz, reads_stored_and_compressed_arrays) {
  const test::TempDir folder;
  const std::filesystem::path path = folder / "arrays.npz";
  for (const char* name : {"stored", "compressed"}) {
    test::write_text(path, archive(name));
    EXPECT_EQ(npz_names(path), (std::vector<std::string>{"x", "y"}));
    const Tensor x = read_npz(path, "x");
    EXPECT_EQ(x.sizes(), (Shape{10, 4}));
    EXPECT_EQ(x.dtype(), kFloat32);
    const auto values = x.to_vector<int>();
    for (int i = 0; i < 40; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
    EXPECT_EQ(read_npz(path, "y").to_vector<int>(),
              (std::vector<int>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0}));
    EXPECT_EQ(message_of<FileError>([&] { read_npz(path, "z"); }),
              path.string() + ": there is no array \"z\" (did you mean \"x\"?)");
  }
}

// A bit that flips is found by the archive's sums, or does not matter.
TEST(Npz, never_takes_changed_bytes_for_true) {
  const test::TempDir folder;
  const std::filesystem::path path = folder / "arrays.npz";
  int refused = 0;
  for (const char* name : {"stored", "compressed"}) {
    const std::string whole = archive(name);
    for (std::size_t i = 0; i < whole.size(); i += 3) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
      test::write_text(path, changed);
      try {
        const auto y = read_npz(path, "y").to_vector<int>();
        EXPECT_EQ(y, (std::vector<int>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0})) << name << " " << i;
      } catch (const FileError&) {
        ++refused;
      }
    }
    for (std::size_t length = 0; length < whole.size(); length += 7) {
      test::write_text(path, whole.substr(0, length));
      EXPECT_THROW(read_npz(path, "y"), FileError) << name << " " << length;
    }
  }
  EXPECT_GT(refused, 20);
}

// Both sizes that the directory at the end tells may be lies.
TEST(Npz, takes_no_memory_for_sizes_that_are_lies) {
  const test::TempDir folder;
  std::string lies = archive("stored");
  for (std::size_t at = 0; (at = lies.find("PK\1\2", at)) != std::string::npos; ++at) {
    lies.replace(at + 20, 8, std::string("\xF0\xFF\xFF\x7F\xF0\xFF\xFF\x7F"));
  }
  test::write_text(folder / "arrays.npz", lies);
  EXPECT_EQ(message_of<FileError>([&] { read_npz(folder / "arrays.npz", "y"); }),
            (folder / "arrays.npz").string() +
                ": cannot read array \"y\": its size is more than it can hold");
}

Example whole(const DatasetPtr& part) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(part->size()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return part->get_batch(all);
}

// An .npy file of float64 numbers.
void write_doubles(const std::filesystem::path& path, const std::string& shape,
                   const std::vector<double>& values) {
  std::string bytes(values.size() * sizeof(double), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  test::write_text(
      path, npy_file("{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }", bytes));
}

class NpyData : public testing::Test {
 protected:
  NpyData() {
    write_doubles(folder_ / "x.npy", "(4, 2)", {1, 2, 3, 4, 5, 6, 7, 8});
    write_doubles(folder_ / "y.npy", "(4,)", {0, 1, 0, 1});
    test::write_text(folder_ / "labels.npy",
                     npy_file("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }",
                              std::string("\0\1\2\1", 4)));
    test::write_text(folder_ / "arrays.npz", archive("compressed"));
  }

  std::shared_ptr<DataSource> load(const Json& options) const {
    Json json = {{"type", "npy"}, {"inputs", "x.npy"}, {"targets", "y.npy"}};
    json.update(options);
    for (const char* key : {"inputs", "targets", "test_inputs", "test_targets"}) {
      if (json.contains(key)) json[key] = (folder_ / json[key].get<std::string>()).string();
    }
    return datasets().make(json);
  }
  std::string refusal(const Json& options) const {
    std::string message = message_of<Error>([&] { load(options); });
    const std::string path = folder_.path().string() + "/";
    for (std::size_t at; (at = message.find(path)) != std::string::npos;) {
      message.erase(at, path.size());
    }
    return message;
  }

  test::TempDir folder_;
};

TEST_F(NpyData, holds_values_labels_and_zeros_and_ones) {
  const Json test = {{"test_inputs", "x.npy"}, {"test_targets", "y.npy"}};
  const auto values = load(test);
  EXPECT_EQ(values->targets, TargetKind::Values);
  EXPECT_EQ(values->input_shape, (Shape{2}));
  EXPECT_EQ(values->outputs, 1);
  EXPECT_EQ(whole(values->train).input.to_vector<float>(),
            (std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(whole(values->test).target.sizes(), (Shape{4, 1}));

  const auto labels = load({{"targets", "labels.npy"}, {"mean", 1}, {"std", 2}});
  EXPECT_EQ(labels->targets, TargetKind::Labels);
  EXPECT_EQ(labels->outputs, 3);
  EXPECT_EQ(labels->train->size() + labels->test->size(), 4);
  EXPECT_EQ(labels->test->size(), 1);
  EXPECT_EQ(whole(labels->train).target.dtype(), kInt64);
  for (const float x : whole(labels->train).input.to_vector<float>()) {
    EXPECT_EQ(2 * x, std::round(2 * x));  // (x - 1) / 2
  }

  Json binary = test;
  binary["task"] = "binary";
  EXPECT_EQ(load(binary)->targets, TargetKind::Binary);
  EXPECT_EQ(load({{"targets", "labels.npy"}, {"task", "regression"}})->targets, TargetKind::Values);
  EXPECT_EQ(load({{"targets", "labels.npy"}, {"classes", 7}})->outputs, 7);
}

TEST_F(NpyData, comes_from_archives_too) {
  const auto source = datasets().make({{"type", "npz"},
                                       {"path", (folder_ / "arrays.npz").string()},
                                       {"inputs", "x"},
                                       {"targets", "y"},
                                       {"stratify", true},
                                       {"test_ratio", 0.4}});
  EXPECT_EQ(source->outputs, 3);
  EXPECT_EQ(source->test->size(), 4);
  const Example test = whole(source->test);
  const auto inputs = test.input.to_vector<int>();
  const auto labels = test.target.to_vector<int>();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(inputs[4 * i] / 4 % 3, labels[i]);
}

TEST_F(NpyData, gives_tokens) {
  const auto source = load({{"inputs", "labels.npy"}, {"targets", "labels.npy"}, {"tokens", true}});
  EXPECT_EQ(whole(source->train).input.dtype(), kInt64);
}

TEST_F(NpyData, is_refused_where_it_does_not_fit) {
  write_doubles(folder_ / "nan.npy", "(4,)", {0, 1, NAN, 1});
  write_doubles(folder_ / "huge.npy", "(4,)", {0, 1, 1e300, 1});
  write_doubles(folder_ / "three.npy", "(3,)", {0, 1, 1});
  write_doubles(folder_ / "none.npy", "(0, 2)", {});
  write_doubles(folder_ / "nothing.npy", "(0,)", {});
  write_doubles(folder_ / "one.npy", "()", {1});
  test::write_text(folder_ / "negative.npy",
                   npy_file("{'descr': '|i1', 'fortran_order': False, 'shape': (4,), }",
                            std::string("\0\1\xFF\1", 4)));
  const std::pair<Json, std::string> cases[] = {
      {{{"targets", "nan.npy"}},
       "nan.npy: element 2 (in row-major order) is NaN; replace such elements, or take their rows "
       "out"},
      {{{"inputs", "huge.npy"}},
       "huge.npy as float32: element 2 (in row-major order) is infinite; replace such elements, or "
       "take their rows out"},
      {{{"targets", "three.npy"}}, "x.npy has 4 rows, three.npy 3"},
      {{{"inputs", "none.npy"}, {"targets", "nothing.npy"}}, "none.npy: there are no rows in it"},
      {{{"inputs", "one.npy"}}, "one.npy: a single number, expected rows"},
      {{{"targets", "negative.npy"}}, "negative.npy: label -1 at 2 is outside [0, ...)"},
      {{{"targets", "labels.npy"}, {"classes", 2}}, "labels.npy: label 2 at 2 is outside [0, 2)"},
      {{{"task", "classification"}},
       "y.npy: labels are integers, got float64; save them as int64, or set \"task\""},
      {{{"inputs", "y.npy"}, {"targets", "x.npy"}, {"task", "binary"}},
       "x.npy: targets of task \"binary\" are zeros and ones"},
      {{{"tokens", true}}, "x.npy: tokens are integers, got float64"},
      {{{"test_inputs", "y.npy"}, {"test_targets", "y.npy"}},
       "y.npy: examples [1] -> [1], but those to train on are [2] -> [1]"},
      {{{"test_inputs", "x.npy"}},
       "/test_targets: missing; the test part needs both inputs and targets"},
      {{{"stratify", true}},
       "/dataset/stratify: there is no class to each row; it is for labels [rows]"},
  };
  for (const auto& [options, expected] : cases) EXPECT_EQ(refusal(options), expected) << options;
}

}  // namespace
}  // namespace gradus::data
