// `gradus inspect`: checkpoints, state dicts of other programs, broken files.
#include <gtest/gtest.h>
#include <cmath>
#include <cstring>
#include "framework/tensor/creation.h"
#include "framework/train/checkpoint.h"

#include "tests/support/json.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

class Inspect : public test::ProgramTest {
 protected:
  std::string inspect(const std::string& file, const Words& options = {}) const {
    const ProcessResult result = gradus(Words{"inspect", file} + options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  // A file by another program: the header's entries, then the data.
  void write_file(const std::string& name, std::string header, const std::string& data) const {
    header.resize((header.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    test::write_text(folder_ / name, bytes + header + data);
  }
};

TEST_F(Inspect, shows_a_checkpoint_in_short) {
  const Words more = {"--set", "ema.decay=0.9", "--set", "checkpoint.best=test_loss"};
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1) + more)).exit_code, 0);
  const std::string out = inspect(checkpoints("run").back());
  for (const char* part :
       {"checkpoint of format 2\nloop: step 8, epoch 2, batch 0, generator {", "best {",
        "config: dataset fashion_mnist, model mlp, loss cross_entropy, optimizer adam", "seed 1",
        "\nmodel: 4 tensors, 1210 numbers, 4.84 kB\n  1.bias    float32  [16]\n",
        "\ntrained: 4 tensors, 1210 numbers, 4.84 kB\n", "\noptimizer: 12 tensors, 2424 numbers",
        "  1.weight/exp_avg     float32  [16, 64]\n", "  1.weight/step        int64    []\n"}) {
    EXPECT_TRUE(contains(out, part)) << part << " is not in\n" << out;
  }
  EXPECT_FALSE(contains(out, "hidden")) << "the whole config";
}

TEST_F(Inspect, names_ten_classes_at_most) {
  Checkpoint checkpoint;
  checkpoint.model = {{"w", ones({1})}};
  for (int i = 0; i < 12; ++i) checkpoint.classes.push_back(std::string("c") + std::to_string(i));
  save_checkpoint(folder_ / "c.safetensors", checkpoint);
  const std::string out = inspect("c.safetensors");
  EXPECT_TRUE(contains(out, "classes: 12: \"c0\", \"c1\"")) << out;
  EXPECT_TRUE(contains(out, "\"c9\", ...\n")) << out;
}

TEST_F(Inspect, measures_tensors) {
  const Tensor odd = tensor({1.0F, NAN, -3.0F, INFINITY, -INFINITY, 5.0F});
  write_safetensors(folder_ / "s.safetensors",
                    {{{"odd", odd}, {"none", zeros({0})}, {"nan", tensor({NAN})}}, {}});
  const std::string out = inspect("s.safetensors", {"--stats"});
  EXPECT_TRUE(
      contains(out, "  odd   float32  [6]  min -3  max 5  mean 1  std 3.266  NaN 1  Inf 2\n"))
      << out;
  EXPECT_TRUE(contains(out, "  none  float32  [0]\n")) << out;
  EXPECT_TRUE(contains(out, "  nan   float32  [1]  NaN 1\n")) << out;
  const Json json = test::parse_json(inspect("s.safetensors", {"--stats", "--json"}));
  EXPECT_EQ(json["kind"], "state dict");
  const Json& last = json["tensors"][2];
  EXPECT_EQ(last["name"], "odd");
  EXPECT_EQ(last["shape"], Json({6}));
  EXPECT_EQ(last["stats"]["nan"], 1);
  EXPECT_NEAR(last["stats"]["std"].get<double>(), std::sqrt(32.0 / 3), 1e-12);
  EXPECT_FALSE(json["tensors"][0]["stats"].contains("mean"));
}

TEST_F(Inspect, gives_the_whole_state_as_json) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1))).exit_code, 0);
  const Json json = test::parse_json(inspect(checkpoints("run").back(), {"--json"}));
  EXPECT_EQ(json["kind"], "checkpoint");
  EXPECT_EQ(json["gradus"]["loop"]["step"], 8);
  EXPECT_EQ(json["gradus"]["config"]["model"]["hidden"], Json({16}));
  EXPECT_EQ(json["metadata"], Json({{"format", "pt"}}));
  EXPECT_EQ(json["tensors"].size(), 16U);
  EXPECT_EQ(json["tensors"][4]["name"], "optimizer/1.bias/exp_avg");
  EXPECT_EQ(json["tensors"][4]["group"], "optimizer");
  EXPECT_FALSE(json["tensors"][4].contains("stats"));
}

// 1, -2, 65504, the least denormal; then int16 -2 and 7.
TEST_F(Inspect, reads_dtypes_of_other_programs) {
  write_file("h.safetensors",
             R"({"h": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]},
                 "i": {"dtype": "I16", "shape": [2], "data_offsets": [8, 12]}})",
             std::string("\x00\x3c\x00\xc0\xff\x7b\x01\x00\xfe\xff\x07\x00", 12));
  const std::string out = inspect("h.safetensors", {"--stats"});
  EXPECT_TRUE(contains(out, "  h  float32 (F16)  [4]  min -2  max 6.55e+04")) << out;
  EXPECT_TRUE(contains(out, "  i  int64 (I16)    [2]  min -2  max 7  mean 2.5  std 4.5\n")) << out;
  const Json json = test::parse_json(inspect("h.safetensors", {"--json"}));
  EXPECT_EQ(json["tensors"][0]["dtype"], "float32");
  EXPECT_EQ(json["tensors"][0]["stored_as"], "F16");
}

TEST_F(Inspect, shows_an_exported_model) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1))).exit_code, 0);
  const std::string saved = checkpoints("run").back().string();
  ASSERT_EQ(gradus(Words{"export"} + small("mlp") + Words{"--checkpoint", saved, "-o", "m.onnx"})
                .exit_code,
            0);
  const std::string out = inspect("m.onnx");
  for (const char* part :
       {"ONNX model \"mlp\", IR version 8, opset 17, by \"gradus ",
        "\ndoc: The model \"mlp\" in ev",
        "\ninput: input  float32  [N, 1, 8, 8]\noutput: output  float32  [N, 10]\nnodes: ",
        "2 Gemm", "\nclasses: [\"T-shirt", "\nconfig: {\"",
        "\ninitializers: 5 tensors, 1212 numbers, ", "\n  1.bias    float32  [16]\n"}) {
    EXPECT_TRUE(contains(out, part)) << part << " is not in\n" << out;
  }
  const Json json = test::parse_json(inspect("m.onnx", {"--json", "--stats"}));
  EXPECT_EQ(json["kind"], "ONNX model");
  EXPECT_EQ(json["onnx"]["opsets"], Json({{"", 17}}));
  EXPECT_EQ(
      json["onnx"]["inputs"],
      test::parse_json(R"([{"name": "input", "dtype": "float32", "shape": ["N", 1, 8, 8]}])"));
  const Json same = test::parse_json(inspect(saved, {"--json", "--stats"}));
  std::map<std::string, Json> stats;
  for (const Json& each : json["tensors"]) stats[each["name"]] = each["stats"];
  for (std::size_t i = 0; i < 4; ++i) {  // the model's; the optimizer's come behind
    const Json& each = same["tensors"][i];
    EXPECT_EQ(stats[each["name"]], each["stats"]) << each["name"];
  }
}

TEST_F(Inspect, says_why_a_file_is_broken) {
  const auto refusal = [&](const std::string& file) {
    const ProcessResult result = gradus({"inspect", file});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_TRUE(contains(refusal("none"), "cannot open none")) << refusal("none");
  test::write_text(folder_ / "net.pt", "PK\3\4and so on, as a zip archive has it");
  EXPECT_TRUE(contains(refusal("net.pt"), "as torch.save() writes")) << refusal("net.pt");
  test::write_text(folder_ / "net.onnx", "PK\3\4");
  EXPECT_TRUE(contains(refusal("net.onnx"), "net.onnx: no sound ONNX file")) << refusal("net.onnx");
  write_safetensors(folder_ / "m.safetensors", {{}, {{"gradus", "{"}}});
  EXPECT_TRUE(contains(refusal("m.safetensors"), "m.safetensors: broken checkpoint metadata"));
  write_file("f.safetensors",
             R"({"h": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}})", "x");
  EXPECT_TRUE(contains(refusal("f.safetensors"), "\"h\": dtype \"F8_E4M3\" is unknown"));
}

}  // namespace
}  // namespace gradus
